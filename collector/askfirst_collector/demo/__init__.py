"""The demo: the shop of an imaginary tide-table press, asked first and counted after."""
