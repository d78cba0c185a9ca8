#!/usr/bin/python3
"""Makes openpyxl.xlsx and python-docx.docx in tests/data/documents with the libraries that write
most of the office files that programs make (Debian: python3-openpyxl, python3-docx).

    make_office_documents_with.py [FOLDER]
"""
import datetime
import os
import sys

import docx
import openpyxl
from openpyxl.chart import BarChart, Reference
from openpyxl.comments import Comment

WHEN = datetime.datetime(2026, 11, 2, 10, 0, 0)


def spreadsheet(path):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Budget"
    sheet.append(["Month", "Rent", "Paid on", "Share", "Note"])
    sheet.append(["January", 950, datetime.date(2026, 1, 4), 0.125, "late & sorry"])
    sheet.append(["February", 1250.5, datetime.datetime(2026, 2, 4, 10, 30), 0.5, None])
    sheet.append([None, None, None, None, "only a note"])
    sheet["B2"].number_format = '#,##0.00 "EUR"'
    sheet["B3"].number_format = "[$\u20ac-407] #,##0.00;[Red]-[$\u20ac-407] #,##0.00"
    sheet["D2"].number_format = "0.0%"
    sheet["D3"].number_format = "0%"
    sheet["A8"], sheet["B8"], sheet["C8"] = "Total", "=SUM(B2:B3)", True
    sheet["E2"].comment = Comment("Ask the landlord", "Ann")
    sheet["D10"], sheet["E11"], sheet["D11"] = "right", "below", -3.5
    chart = BarChart()
    chart.title = "Rents"
    chart.add_data(Reference(sheet, min_col=2, min_row=1, max_row=3), titles_from_data=True)
    sheet.add_chart(chart, "G2")
    book.create_sheet("Empty")
    times = book.create_sheet("Times")
    times.append([datetime.timedelta(hours=30, minutes=5), datetime.time(14, 5), 1e20, 0.1 + 0.2])
    book.properties.title, book.properties.creator = "Household", "Ruth Fields"
    book.properties.created = book.properties.modified = WHEN
    book.save(path)


def document(path):
    d = docx.Document()
    d.core_properties.title, d.core_properties.author = "", "Ruth Fields"
    d.core_properties.created = d.core_properties.modified = WHEN
    d.add_heading("Garden plan", 0)
    d.add_heading("Spring", 1)
    line = d.add_paragraph("Sow ")
    line.add_run("beans").bold = True
    line.add_run(" after the ice saints.")
    d.add_paragraph("dig", style="List Bullet")
    d.add_paragraph("rake", style="List Bullet")
    d.add_paragraph("first", style="List Number")
    d.add_paragraph("second", style="List Number")
    table = d.add_table(rows=1, cols=2)
    table.rows[0].cells[0].text, table.rows[0].cells[1].text = "Bed", "Plant"
    for bed, plant in (("East", "Beans"), ("West", "Peas")):
        row = table.add_row().cells
        row[0].text, row[1].text = bed, plant
    d.add_page_break()
    d.add_heading("Autumn", 2)
    d.add_paragraph("Leaves stay.")
    d.sections[0].header.paragraphs[0].text = "Allotment 12"
    d.save(path)


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "..",
                                                                "tests", "data", "documents")
    spreadsheet(os.path.join(folder, "openpyxl.xlsx"))
    document(os.path.join(folder, "python-docx.docx"))


if __name__ == "__main__":
    main()
