"""Helpers of the tests: servers, peers, browsers, made-up data."""
