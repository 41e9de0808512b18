// Compiled for test_headers.h only.
