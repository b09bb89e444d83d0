"""DL+PCI: a claim, the evidence for it by others than its author, and a proof that anyone can check."""
