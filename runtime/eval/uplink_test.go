package eval

import (
	"net/netip"
	"os"
	"path/filepath"
	"testing"
)

// The name server is the one that a carrier of IPv4 asks, whatever stands before.
func TestNameserver(t *testing.T) {
	for text, want := range map[string]string{
		"":                         "",
		"nameserver\n":             "",
		"# nameserver 192.0.2.1\n": "",
		"search example\nnameserver 192.0.2.1\nnameserver 127.0.0.1\n": "192.0.2.1",
		"nameserver fd00::1\nnameserver\t127.0.0.1 # local\n":          "127.0.0.1",
		"nameserver nonsense\nnameserver 127.0.0.53\n":                 "127.0.0.53",
	} {
		path := filepath.Join(t.TempDir(), "resolv.conf")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		addr := netip.Addr{}
		if want != "" {
			addr = netip.MustParseAddr(want)
		}
		if got := nameserver(path); got != addr {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
	if got := nameserver("/nonexistent"); got.IsValid() {
		t.Error("a file that is not there has ", got)
	}
}

// The addresses of an uplink are those of its network, wherever in it the
// namespace is.
func TestUplinkAddresses(t *testing.T) {
	for prefix, want := range map[string][2]string{
		"10.0.2.100/24":    {"10.0.2.2", "10.0.2.3"},
		"10.0.2.200/25":    {"10.0.2.130", "10.0.2.131"},
		"192.168.77.9/16":  {"192.168.0.2", "192.168.0.3"},
		"172.20.255.254/8": {"172.0.0.2", "172.0.0.3"},
	} {
		u := uplink{addr: netip.MustParsePrefix(prefix)}
		if got := [2]string{u.gateway().String(), u.resolver().String()}; got != want {
			t.Errorf("%s: %v, want %v", prefix, got, want)
		}
	}
}
