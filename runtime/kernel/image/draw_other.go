package image

import (
	"fmt"
	"strings"
	"vnet/lang/lazy"
)

// handle shows the number of a qdisc or class as tc(8) does.
func handle(h uint32) string {
	switch h {
	case tcHRoot:
		return "root"
	case 0:
		return "none"
	}
	if h&0xffff == 0 {
		return fmt.Sprintf("%x:", h>>16)
	}
	return fmt.Sprintf("%x:%x", h>>16, h&0xffff)
}

// handle shows a handle; those the kernel chose (from 8001: on) are chance.
func (v *view) handle(h uint32) string {
	if v.form&Portable != 0 && h >= 0x80000000 && h < tcHIngress {
		return "auto"
	}
	return handle(h)
}

func (v *view) qdisc(m Message) string {
	t := tcOf(m)
	kind := cString(find(t.attrs, tcaKind))
	return strings.TrimSpace(fmt.Sprintf("%s handle=%s %s", kind, v.handle(t.handle), v.words(tcTable(kind, qdiscTables), t.attrs)))
}

func (v *view) class(m Message) string {
	t := tcOf(m)
	kind := cString(find(t.attrs, tcaKind))
	return strings.TrimSpace(fmt.Sprintf("%s parent=%s leaf=%s %s", kind, v.handle(t.parent), v.handle(t.info), v.words(tcTable(kind, classTables), t.attrs)))
}

func (v *view) filter(m Message) string {
	t := tcOf(m)
	kind := cString(find(t.attrs, tcaKind))
	which := fmt.Sprintf("%x", t.handle)
	if v.form&Portable != 0 {
		which = "any"
	}
	return fmt.Sprintf("%s filter=%s %s", kind, which, v.words(tcTable(kind, filterTables), t.attrs))
}

func (c *canvas) drawTraffic() {
	for _, m := range c.img.Dumps[secQdisc] {
		t := tcOf(m)
		name := c.link(int32(t.index))
		thing := "qdisc " + name + " at " + c.handle(t.parent)
		c.add(secQdisc, thing, c.qdisc(m), name)
	}
	for _, m := range c.img.Dumps[secClass] {
		t := tcOf(m)
		name := c.link(int32(t.index))
		c.add(secClass, "class "+name+" "+c.handle(t.handle), c.class(m), name)
	}
	for _, m := range c.img.Dumps[secFilter] {
		t := tcOf(m)
		name := c.link(int32(t.index))
		proto := t.info & 0xffff
		thing := fmt.Sprintf("filter %s at %s pref %d proto %#x", name, c.handle(t.parent), t.info>>16, proto>>8|proto&0xff<<8)
		c.add(secFilter, thing, c.filter(m), name)
	}
}

// drawXFRM shows states and policies without what they count: struct
// xfrm_lifetime_cur, 32 bytes behind struct xfrm_lifetime_cfg.
func (c *canvas) drawXFRM() {
	show := func(s section, size, current int) {
		for _, m := range c.img.Dumps[s] {
			if len(m.Data) < size {
				continue
			}
			head := append([]byte(nil), m.Data[:size]...)
			clear(head[current : current+32])
			if s == secXfrmState {
				clear(head[current+32 : current+44]) // struct xfrm_stats
			}
			c.add(s, string(s), fmt.Sprintf("%x %s", head, c.words(xfrmTable, m.Data[size:])))
			c.loose[string(s)] = true
		}
	}
	show(secXfrmState, 224, 56+24+16+64)
	show(secXfrmRule, 168, 56+64)
}

// xfrmTable leaves out when a state was last used and what it has received
// (XFRMA_LASTUSED, XFRMA_REPLAY_VAL, XFRMA_REPLAY_ESN_VAL).
var xfrmTable = table{10: {"replay", hexed, always}, 23: {"replay_esn", hexed, always}, 26: {"lastused", hexed, always}}

// deviceDirs are directories of parameters with one for each link.
var deviceDirs = []string{"ipv4/conf/", "ipv6/conf/", "ipv4/neigh/", "ipv6/neigh/", "mpls/conf/"}

// sysctlDevice tells whose parameter it is: a link's name, all, default, or
// nothing.
func sysctlDevice(path string) string {
	for _, d := range deviceDirs {
		if rest, ok := strings.CutPrefix(path, d); ok {
			dev, _, _ := strings.Cut(rest, "/")
			return dev
		}
	}
	return ""
}

// secret are parameters that are chance.
var secret = lazy.Regexp(`/stable_secret$|tcp_fastopen_key$`)

func (c *canvas) drawSysctls() {
	for path, value := range c.img.Sysctl {
		if c.form&Portable != 0 && secret().MatchString(path) {
			continue
		}
		var links []string
		if dev := sysctlDevice(path); dev != "all" && dev != "default" {
			links = []string{dev}
		}
		c.add("sysctl", "sysctl "+path, strings.Join(strings.Fields(value), " "), links...)
	}
}

// drawGroups shows who listens to which groups. Timers and counts of reports
// are left out.
func (c *canvas) drawGroups() {
	if c.form&(Portable|settings) != 0 {
		return
	}
	add := func(file, dev, line string) {
		thing := "groups " + dev + " " + file
		c.add("groups", thing, line, dev)
		c.loose[thing] = true
	}
	for line := range strings.Lines(c.img.Groups["dev_mcast"]) {
		if f := strings.Fields(line); len(f) == 5 { // index name users global address
			add("mac", f[1], f[4]+" users="+f[2]+" global="+f[3])
		}
	}
	for line := range strings.Lines(c.img.Groups["igmp6"]) {
		if f := strings.Fields(line); len(f) >= 4 { // index name address users flags timer
			// How often the kernel itself has joined is chance: a solicited-node group
			// counts twice when the link was without ARP meanwhile.
			add("inet6", f[1], f[2])
		}
	}
	dev := ""
	for line := range strings.Lines(c.img.Groups["igmp"]) {
		f := strings.Fields(line)
		switch {
		case strings.HasPrefix(line, "\t") && len(f) >= 2: // group users timer reporter
			add("inet", dev, f[0]+" users="+f[1])
		case len(f) >= 2 && f[0] != "Idx":
			dev = strings.TrimSuffix(f[1], ":")
		}
	}
}

// passingText is what nft(8) lists of a ruleset that changes with traffic and
// time.
var passingText = lazy.Regexp(`(counter) packets [0-9]+ bytes [0-9]+|(?m:^\s+packets [0-9]+ bytes [0-9]+$)| expires [0-9a-z]+| used [0-9]+ (?:bytes|kbytes|mbytes)`)

func (t Table) steady() string { return passingText().ReplaceAllString(t.Text, "$1") }

func (c *canvas) drawTables() {
	for _, t := range c.img.Tables {
		for line := range strings.Lines(t.steady()) {
			c.add("nft", "nft "+t.Name, strings.TrimRight(line, "\n"))
		}
	}
}
