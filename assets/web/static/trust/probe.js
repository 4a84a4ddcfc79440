// A service worker that does nothing: that a browser takes it tells that it trusts this server's certificate.
