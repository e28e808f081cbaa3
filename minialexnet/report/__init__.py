"""What a trained network does, measured and shown on a page that needs nothing beside it."""

from minialexnet.report.findings import Findings, examine
from minialexnet.report.page import report_page
from minialexnet.report.subject import Subject, history_of

__all__ = ["Findings", "Subject", "examine", "history_of", "report_page"]
