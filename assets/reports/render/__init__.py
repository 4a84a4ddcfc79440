"""Figures in, bytes out: PDF, XLSX, HTML, and the charts that all of them show."""
