"""tmp"""
import json
import pytest

BIG = ["99999999999", "99999999999999999999", "0", "-1"]
GETS = [
 "/people/{b}", "/people/{b}/edit", "/admin/accounts/{b}", "/calibration/records/{b}", "/calibration/certificates/{b}",
 "/calibration/plans/{b}/record", "/calibration/plans/{b}/change", "/summaries/{b}", "/summaries/{b}/file.pdf",
 "/maintenance/orders/{b}", "/api/v1/work-orders/{b}", "/api/v1/calibrations/{b}", "/api/v1/summaries/{b}",
]
def cur(x):
    import base64
    return base64.urlsafe_b64encode(json.dumps(x).encode()).decode().rstrip("=")
LISTS = ["/people", "/assets", "/maintenance", "/maintenance/board", "/calibration", "/calibration/records", "/journal", "/trackers", "/trackers/set-aside", "/grants", "/batches", "/models", "/summaries",
 "/api/v1/assets", "/api/v1/persons", "/api/v1/units", "/api/v1/organisations", "/api/v1/grants", "/api/v1/batches", "/api/v1/maintenance/due", "/api/v1/work-orders", "/api/v1/calibration/due", "/api/v1/calibrations", "/api/v1/trackers", "/api/v1/set-aside", "/api/v1/utilisation", "/utilisation", "/api/v1/summaries", "/admin/accounts", "/scan/persons", "/assets/export", "/maintenance/orders", "/admin"]
CURS = [[10**30], [10**30, 10**30], [1e308, 10**30], [-1], ["a"], ["\x00"], [None], [None, None], [1.5], ["a", 10**30], [["x"]], [], ["a","b","c"]]
ARGS = ["query=%00", "unit=%00", "class=%00", "grant=%00", "batch=%00", "region=%00", "q=%00", "login=%00&entity=%00&entity_id=%00", "tracker=%00", "from=0001-01-01", "to=9999-12-31", "from=0001-01-01T00:00:00%2B14:00", "from=9999-12-31T23:59:59-12:00", "limit=000000001999999", "limit=" + "0"*8 + "1" + "9"*5000, "within_days=99999", "sort=%00", "query=%25%5C_", "by=%00", "asset=%00", "state=%00","donor=%00", "month=9999-12", "year=99999"]

def test_fuzz(client_for):
    out = set()
    for role in ["administrator", "coordinator", "technician", "donor", "commander", "auditor"]:
        b = client_for(role)
        def go(p):
            try:
                a = b.get(p)
                if a.status_code >= 500:
                    out.add((p[:90], a.status_code))
            except Exception as e:
                out.add((p[:90], type(e).__name__ + ": " + str(e)[:80]))
        for g in GETS:
            for x in BIG:
                go(g.format(b=x))
        for l in LISTS:
            for c in CURS:
                go(f"{l}?cursor={cur(c)}")
            for a in ARGS:
                go(f"{l}?{a}")
    for o in sorted(out):
        print(o)

def test_fuzz_posts(client_for, web):
    web.config["WTF_CSRF_CHECK_DEFAULT"] = False
    out = set()
    from assets.web.auth import declared
    VALS = ["\x00", "9"*5000, "NaN", "1e400", "0001-01-01", "9999-12-31", "x"*3000, "\u202e", "٣"]
    for role in ["administrator", "coordinator", "technician"]:
        b = client_for(role)
        tok = b.token()
        import re
        forms = {}
        for rule in web.url_map.iter_rules():
            if "GET" in rule.methods and not rule.arguments and rule.endpoint != "static":
                try:
                    html = b.get(rule.rule).get_data(as_text=True)
                except Exception as e:
                    continue
                for m in re.finditer(r"<form[^>]*>.*?</form>", html, re.S):
                    f = m.group(0)
                    act = re.search(r'action="([^"]*)"', f[:f.index(">")])
                    if 'method="post"' not in f[:f.index(">")].lower(): continue
                    path = act.group(1) if act else rule.rule
                    if path in ("/logout", "/language", "/account/password"): continue
                    names = set(re.findall(r'name="([^"]+)"', f)) - {"csrf_token"}
                    opts = {n: (re.search(r'<select[^>]*name="%s".*?<option[^>]*value="([^"]+)"' % re.escape(n), f, re.S) or [None, None])[1] for n in names}
                    forms[path] = opts
        for path, opts in forms.items():
            for n in opts:
                for v in VALS:
                    data = {k: (o or "1") for k, o in opts.items()}
                    data[n] = v
                    data["csrf_token"] = tok
                    try:
                        a = b.client.post(path, data=data)
                        if a.status_code >= 500:
                            out.add((role, path, n, v[:10], a.status_code))
                    except Exception as e:
                        out.add((role, path, n, v[:10], type(e).__name__ + ": " + str(e)[:80]))
        print(role, {p: sorted(o) for p, o in forms.items()})
    for o in sorted(out):
        print(o)
