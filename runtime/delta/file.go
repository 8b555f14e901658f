package delta

import (
	"maps"
	"net/netip"
	"slices"
	"strings"

	"vnet/runtime/host"
)

// A FileKey names a file in /etc/netns that statements write.
type FileKey struct{ NS, Name string }

// Path is where it is.
func (k FileKey) Path() string { return "/etc/netns/" + k.NS + "/" + k.Name }

// fileOf is the file that an operation writes to.
func fileOf(op host.Op) FileKey {
	switch op := op.(type) {
	case host.HostsAdd:
		return FileKey{op.NS, "hosts"}
	case host.DNSSet:
		return FileKey{op.NS, "resolv.conf"}
	}
	return FileKey{}
}

// Files lists the files that operations have written.
func Files(ops []host.Op) []FileKey {
	sc := ScopeOf(ops)
	return slices.SortedFunc(maps.Keys(sc.files), func(a, b FileKey) int { return strings.Compare(a.Path(), b.Path()) })
}

// SetFiles has the files in a scope hold what their texts say: what statements
// write as their operations, and the rest, which it returns, as traits.
func (s Stock) SetFiles(texts map[string]string, sc Scope) (rest []host.Trait) {
	maps.DeleteFunc(s, func(k Key, op host.Op) bool { return k.rank == file && sc.files[fileOf(op)] })
	for f := range sc.files {
		dns := host.DNSSet{NS: f.NS}
		other := host.Trait{NS: f.NS, Name: "file " + f.Path()}
		for line := range strings.Lines(texts[f.Path()]) {
			line = strings.TrimSpace(line)
			words := strings.Fields(line)
			if len(words) < 2 {
				words = []string{line, ""}
			}
			if ip, err := netip.ParseAddr(words[1]); err == nil && f.Name == "resolv.conf" && words[0] == "nameserver" {
				dns.Servers = append(dns.Servers, ip)
				continue
			}
			if ip, err := netip.ParseAddr(words[0]); err == nil && f.Name == "hosts" {
				op := host.HostsAdd{NS: f.NS, IP: ip, Names: words[1:]}
				if k := keysOf(op)[0]; sc.things[k] {
					s[k] = op
					continue
				}
			}
			if line != "" {
				other.Lines = append(other.Lines, line)
			}
		}
		if len(dns.Servers) > 0 {
			s.put(dns)
		}
		if len(other.Lines) > 0 {
			rest = append(rest, other)
		}
	}
	return rest
}
