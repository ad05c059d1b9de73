"""Pictures that accounts upload: drawn anew, kept as rows beside the rest of their data, served to anybody who has the address.

`pictures.keep` takes a file somebody chose; `url` says where it is seen. What a picture is of, other rooms know.
"""
