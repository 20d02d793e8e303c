"""The demo: the whole product on one computer, with a made-up HMO and phones in a browser."""
