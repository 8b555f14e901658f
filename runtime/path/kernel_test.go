package path_test

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"vnet/runtime"
	"vnet/runtime/host"
	"vnet/runtime/kernel"
	"vnet/runtime/kernel/kerneltest"
	"vnet/runtime/path"
)

func TestMain(m *testing.M) { os.Exit(kerneltest.Main(m)) }

const network = `
ns h1 sw r h2
bridge sw:br0
veth h1:eth0 10.0.0.1/24 <-> sw:br0 as p1
veth r:lan 10.0.0.254/24 mac 02:00:00:00:00:0f <-> sw:br0 as p2
veth r:wan 10.0.1.254/24 <-> h2:eth0 10.0.1.2/24
in r forward on
in h1 route add 10.0.1.0/24 via 10.0.0.254
in h2 route add 10.0.0.0/24 via 10.0.1.254
in r sysctl net.ipv4.conf.all.rp_filter = 0
`

// A broken is a case of testdata/broken.txt.
type broken struct {
	name, stop, repair string
	entries            []string
	size               int
	needs              string
}

func cases(t *testing.T) []broken {
	t.Helper()
	text, err := os.ReadFile("testdata/broken.txt")
	if err != nil {
		t.Fatal(err)
	}
	var out []broken
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		word, rest, _ := strings.Cut(line, " ")
		switch {
		case line == "" || word == "#":
		case word == "==":
			out = append(out, broken{name: rest, size: 84})
		case word == "?":
			out[len(out)-1].stop = rest
		case word == "!":
			out[len(out)-1].repair = rest
		case word == "size":
			out[len(out)-1].size = 1300
		case word == "needs":
			out[len(out)-1].needs = rest
		default:
			out[len(out)-1].entries = append(out[len(out)-1].entries, line)
		}
	}
	return out
}

// TestBroken breaks a network that works in one way, has the reason named, and
// carries out the repair that is proposed: the network must work then.
func TestBroken(t *testing.T) {
	kerneltest.Need(t)
	for _, c := range cases(t) {
		t.Run(c.name, func(t *testing.T) {
			if c.needs != "" {
				if _, err := exec.LookPath(c.needs); err != nil {
					t.Skip("needs", c.needs)
				}
			}
			s, err := runtime.NewSession("", runtime.Settings{Stdout: os.Stderr, Stderr: os.Stderr})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			do(t, s, network)
			defer do(t, s, "ns del h1 sw r h2")
			for _, e := range c.entries {
				do(t, s, e)
			}
			found, pinged := look(t, c.size)
			if c.stop == "" {
				if found.Stop != nil || !pinged {
					t.Fatalf("stopped: %v; pinged: %v", found.Stop, pinged)
				}
				return
			}
			if found.Stop == nil || found.Stop.String() != c.stop {
				t.Fatalf("got  %v\nwant %s\n%+v", found.Stop, c.stop, found)
			}
			if pinged {
				t.Fatal("the ping is answered: the network is not broken")
			}
			told(t, s, c)
			repairs(t, s, c, found)
		})
	}
}

// told has an expect fail, which must say by itself what why does.
func told(t *testing.T, s *runtime.Session, c broken) {
	t.Helper()
	if !slices.Contains([]string{"forwarding off", "no way back", "a wrong gateway", "a port that is in no bridge"}, c.name) {
		return // a second for each
	}
	r := s.Do(context.Background(), "test", "expect ping h1 -> h2 within 0s\n")
	if len(r.Diags) != 1 || r.Ending != runtime.Unexpected {
		t.Fatalf("%+v", r)
	}
	for i, want := range []string{c.stop, c.repair} {
		want, _, _ = strings.Cut(want, "; ")
		if want != "" && !slices.ContainsFunc(r.Diags[0].Help, func(h string) bool { return strings.Contains(h, want) }) {
			t.Errorf("help %d: got %q, want %s", i, r.Diags[0].Help, want)
		}
	}
}

// repairs carries out what was proposed and what goes with it.
func repairs(t *testing.T, s *runtime.Session, c broken, found *path.Report) {
	t.Helper()
	first, rest, _ := strings.Cut(c.repair, "; ")
	if first == "" {
		return
	}
	if found.Stop.Repair != first {
		t.Errorf("repair: got  %s\n        want %s", found.Stop.Repair, first)
	}
	do(t, s, found.Stop.Repair)
	for e := range strings.SplitSeq(rest, "; ") {
		do(t, s, e)
	}
	if strings.Contains(c.name, "target has no address") {
		return // the one proposed is another
	}
	again, pinged := look(t, c.size)
	for deadline := time.Now().Add(5 * time.Second); !pinged && time.Now().Before(deadline); {
		again, pinged = look(t, c.size) // a link that comes up is late
	}
	if again.Stop != nil || !pinged {
		t.Errorf("after the repair: %v; pinged: %v", again.Stop, pinged)
	}
}

// look follows the packet, and sends one.
func look(t *testing.T, size int) (*path.Report, bool) {
	t.Helper()
	k, err := kernel.New()
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	ctx := context.Background()
	r, err := path.Find(ctx, k, path.Query{From: "h1", To: "h2", Size: size})
	if err != nil {
		t.Fatal(err)
	}
	if !r.Target.IsValid() {
		return r, false
	}
	wait := 300 * time.Millisecond
	if r.Stop == nil {
		wait = 5 * time.Second
	}
	rep, err := k.Ping(ctx, host.Echo{NS: "h1", To: r.Target, Count: 1, Size: size - 28, Timeout: wait})
	return r, err == nil && rep.Received == 1
}

func do(t *testing.T, s *runtime.Session, text string) {
	t.Helper()
	if text == "" {
		return
	}
	if r := s.Do(context.Background(), "test", text+"\n"); r.Ending != runtime.Done {
		t.Fatalf("%s: %v", text, r.Diags)
	}
}
