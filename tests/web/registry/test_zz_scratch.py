from tests.web.registry.test_assets_pages import created
def test_x(api, client_for, queries, request):
    c = created(api("coordinator"))
    b = client_for("coordinator")
    for p in (f"/assets/{c}", f"/assets/{c}?tab=care"):
        with queries() as seen:
            b.get(p)
        print(p, len(seen))
        for s in seen: print("   ", " ".join(s.split())[:60], "... FROM", " ".join(s.split()).split(" FROM ")[1][:100])
