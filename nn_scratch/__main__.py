"""`python -m nn_scratch` is `nn-scratch`."""

from nn_scratch.cli import main

raise SystemExit(main())
