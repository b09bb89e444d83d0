"""The roads: selector, mesh, stream and proof; they meet the kernel only on topics."""
