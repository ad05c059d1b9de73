"""Settings → Renewals: what happens when a renewal cannot be charged."""

from django.contrib import messages
from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from products.forms.purchases import RetryRuleForm
from products.services import settings as services
from simplero.web.access import staff
from simplero.web.http import BAD_INPUT, StaffRequest, see_other


@staff(can="settings")
@require_http_methods(["GET", "HEAD", "POST"])
def renewals(request: StaffRequest) -> HttpResponse:
    rule = services.sales_settings(request.account)
    written = {
        "retry_after": ", ".join(str(days) for days in rule.retry_after),
        "give_up_after": rule.give_up_after,
    }
    form, status = RetryRuleForm(request.POST or None, initial=written), 200
    here = reverse("products:renewals", args=[request.account.slug])
    if request.method == "POST":
        if form.is_valid():
            services.keep_retry_rule(account=request.account, **form.cleaned_data, actor=request.actor)
            messages.success(request, "Saved. Renewals that fail from now on go by it.")
            return see_other(request, here)
        status = BAD_INPUT
    return TemplateResponse(request, "products/renewals.html", {"form": form, "action": here}, status=status)
