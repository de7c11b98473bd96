"""The kiosk without its service: recognised and priced here, kept on disk, sent later."""
