"""The doors that speak HTTP: what comes in from vendors, the console, the buyers' pages."""
