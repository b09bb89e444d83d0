"""The name of the law this code judges by: another name whenever any ledger would be judged otherwise."""

LAW = "2"
