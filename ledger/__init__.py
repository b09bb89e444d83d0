"""The proofs: hashes, signatures, the Merkle tree, checkpoints, the evidence check, the offline verifier."""
