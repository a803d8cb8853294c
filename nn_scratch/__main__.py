"""`python -m nn_scratch` runs the command `nn-scratch`."""

from nn_scratch.cli import main

raise SystemExit(main())
