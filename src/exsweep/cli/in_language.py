"""The report in another language than English, beside the English one."""

import click

from exsweep.errors import UsageError
from exsweep.knowledge import languages
from exsweep.model import Assessment

LANGUAGE = click.option(
    "--language",
    type=click.Choice(languages.codes()),
    default=languages.ENGLISH,
    show_default=True,
    help="Language of the verdict, the first steps, what may be affected and the letter; the rest stays English.",
)


def report_in(assessment: Assessment, language: str) -> bytes:
    """The HTML report in the language.

    Raises:
        UsageError: the verdict carries no keys: it was made by an older exsweep or from outside.
    """
    if assessment.verdict.said is None:
        raise UsageError(
            "This assessment has its sentences in English only.",
            tip="Judge the evidence again with `exsweep triage`, or leave out --language.",
        )
    from exsweep.export.report.paper import fitting

    return fitting(assessment, language)
