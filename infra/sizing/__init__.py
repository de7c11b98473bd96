"""What running SmartScale on AWS takes: calls, money, and quotas. Knows no AWS, only numbers."""
