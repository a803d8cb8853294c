"""How every public function is called at random, a file for each package: see random_calls.py."""
