"""A copy of everything a shop has, in a folder or a bucket, and back into an empty stack.

manifest.json                          written last: without it there is no backup
tables/<table>.<id>.jsonl.gz           the rows as DynamoDB has them, one a line
objects/ledger/YYYY/MM/DD.<id>.tar.gz  the ledger, a file for each day
objects/ledger/<kind>.<id>.tar.gz      what was changed: catalogue, model, trial
objects/<memory, models, idempotency, uploads>.<id>.tar.gz
"""
