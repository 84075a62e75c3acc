"""The collector of askfirst: stores only consented, depersonalised events."""
