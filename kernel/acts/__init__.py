"""What is not a proposal and still changes the state: each act judged by one pure function."""
