"""``python -m zeep_wssec``: the command line, where the console script is not on the path."""

from zeep_wssec.cli import main

if __name__ == "__main__":
    main(prog_name="zeep-wssec")
