"""What a request tells, one module for each raw source; `event` joins them. Extra: `telemetry`."""
