MEMBERS = "/members"
MEMBER = MEMBERS + "/{member_id}"
CARD = "%s/card" % MEMBER
FINES = "{}/fines".format(MEMBER)
