"""The rules of weighing, pricing and recognising produce. No cloud, web or model here."""
