"""What is said and when: phones, words, visemes."""
