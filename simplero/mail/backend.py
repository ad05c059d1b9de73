from django.core.mail.backends.locmem import EmailBackend as RowsBackend
