"""The main pages, and who looks at them: the list that pictures and accessibility checks share."""

from __future__ import annotations

# name of the picture, address, who looks; {asset} and {summary} are filled in from the running demonstration
MAIN_PAGES: tuple[tuple[str, str, str], ...] = (
    ("today", "/", "coordinator"),
    ("assets", "/assets", "coordinator"),
    ("asset", "/assets/{asset}", "logistics"),
    ("scan", "/scan", "logistics"),
    ("map", "/map", "coordinator"),
    ("tracker", "/trackers/TRK-001", "coordinator"),
    ("maintenance", "/maintenance", "technician"),
    ("work-board", "/maintenance/board", "technician"),
    ("calibration", "/calibration", "technician"),
    ("utilisation", "/utilisation", "coordinator"),
    ("summary", "/summaries/{summary}", "donor"),
    ("labels", "/labels", "logistics"),
)
MORE_PAGES: tuple[tuple[str, str, str], ...] = (
    ("login", "/login", ""),
    ("summaries", "/summaries", "donor"),
    ("drafts", "/summaries", "coordinator"),
    ("trackers", "/trackers", "coordinator"),
    ("set-aside", "/trackers/set-aside", "administrator"),
    ("asset-new", "/assets/new", "logistics"),
    ("asset-edit", "/assets/{asset}/edit", "logistics"),
    ("asset-issue", "/assets/{asset}/issue", "logistics"),
    ("asset-fault", "/assets/{asset}/fault", "logistics"),
    ("asset-plans", "/assets/{asset}/plans", "technician"),
    ("orders", "/maintenance/orders", "technician"),
    ("import", "/import", "logistics"),
    ("grants", "/grants", "coordinator"),
    ("grant", "/grants/1", "coordinator"),
    ("round", "/rounds/1", "coordinator"),
    ("round-entry", "/rounds/new", "coordinator"),
    ("round-count", "/rounds/1/count", "coordinator"),
    ("to-come", "/rounds/items", "coordinator"),
    ("people", "/people", "logistics"),
    ("account", "/account", "officer"),
    ("tokens", "/account/tokens", "officer"),
    ("admin", "/admin", "administrator"),
    ("journal", "/journal", "auditor"),
    ("parts", "/admin/parts", "administrator"),
    ("missing", "/no-such-page", "officer"),
)
