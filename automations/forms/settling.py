"""What staff type when they settle what needs attention."""

from django import forms

from credits.forms import NOTE, text_field


class NoteForm(forms.Form):
    """A note that staff keep beside what they issue."""

    note = text_field(most=NOTE, what="The note", rows=2, label="Note", required=False, help_text="Only staff read it.")


class IssueForm(NoteForm):
    """For one run, as it was shown: sent again, it means the same attempt and no later one."""

    run = forms.CharField(required=False, widget=forms.HiddenInput)
