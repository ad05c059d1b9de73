"""Pictures that accounts upload: drawn anew, kept as rows beside the rest of their data, served to anybody who has the address.

`services.keep` takes a file somebody chose; `views.picture` shows it in the shop of its account. What a picture is of, other
rooms know.
"""
