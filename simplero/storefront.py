"""A shop's addresses: under s/<slug>/ on our own hosts, at the root of a domain of the shop's own (`simplero.web.hosts`)."""

from django.urls import include, path

from contacts.views import account, frame, signin
from credits.views import storefront as credits
from simplero.pages import customer
from simplero.pictures import views as pictures

app_name = "shop"
handler404 = "contacts.views.frame.not_here"  # where these addresses are the only ones
handler500 = "simplero.web.failures.broken"
urlpatterns = [
    path("", include("products.storefront_urls")),
    path("colour.css", frame.colour, name="colour"),
    path("pictures/<uuid:picture>", pictures.picture, name="pictures"),
    path("sign-in/", signin.ask, name="sign-in"),
    path("sign-in/code/", signin.code, name="sign-in-code"),
    path("sign-in/link/", signin.link, name="sign-in-link"),
    path("account/", customer.overview, name="account"),
    path("account/credits/", credits.wallets, name="credits"),
    path("account/credits/activity/", credits.movements, name="credit-activity"),
    path("account/credits/statement.pdf", credits.statement_pdf, name="statement-pdf"),
    path("account/profile/", account.profile, name="profile"),
    path("account/sign-out-everywhere/", account.sign_out_everywhere, name="sign-out-everywhere"),
    path("sign-out/", account.sign_out, name="sign-out"),
]
