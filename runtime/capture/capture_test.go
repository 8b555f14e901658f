package capture_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vnet/runtime"
	"vnet/runtime/capture"
	"vnet/runtime/host"
	"vnet/runtime/kernel/kerneltest"
	"vnet/runtime/path"
)

func TestMain(m *testing.M) { os.Exit(kerneltest.Main(m)) }

// A frame of ICMP, and of UDP in a VLAN.
func frames() []host.Frame {
	echo := "\x02\x00\x00\x00\x00\x02\x02\x00\x00\x00\x00\x01\x08\x00" +
		"\x45\x00\x00\x1c\x00\x00\x00\x00\x40\x01\x66\xdf\x0a\x00\x00\x01\x0a\x00\x00\x02" + "\x08\x00\xf7\xfd\x00\x01\x00\x01"
	tagged := echo[:12] + "\x81\x00\x00\x07" + echo[12:]
	at := time.Unix(1700000000, 123456789)
	return []host.Frame{{At: at, Data: []byte(echo), Size: len(echo), Out: true}, {At: at, Data: []byte(tagged), Size: len(tagged)}}
}

func TestLine(t *testing.T) {
	for i, want := range []string{"ICMP 10.0.0.1 > 10.0.0.2: echo request, seq 1, 42 bytes", "vlan 7 ICMP 10.0.0.1 > 10.0.0.2: echo request, seq 1, 46 bytes"} {
		if got := capture.Line(capture.Ethernet, frames()[i]); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	whole := frames()[0].Data
	for n := range whole { // cut short anywhere: no panic
		_ = capture.Line(capture.Ethernet, host.Frame{Data: whole[:n]})
		_ = capture.Line(capture.RawIP, host.Frame{Data: whole[14:][:max(0, n-14)]})
	}
}

// Headers that stand before the transport's are passed over.
func TestLineOfIPv6(t *testing.T) {
	ip := func(next byte, payload ...byte) host.Frame {
		b := append([]byte{0x60, 0, 0, 0, 0, byte(len(payload)), next, 1}, make([]byte, 32)...)
		b[23], b[39] = 1, 2
		return host.Frame{Data: append(b, payload...), Size: 40 + len(payload)}
	}
	report := []byte{143, 0, 0, 0, 0, 0, 0, 0}
	for _, c := range []struct {
		frame host.Frame
		want  string
	}{
		{ip(58, report...), "ICMPv6 ::1 > ::2: multicast listener report, 48 bytes"},
		{ip(0, append([]byte{58, 0, 5, 2, 0, 0, 1, 0}, report...)...), "ICMPv6 ::1 > ::2: multicast listener report, 56 bytes"},
		{ip(60, append([]byte{44, 0, 1, 4, 0, 0, 0, 0, 58, 0, 0, 1, 0, 0, 0, 7}, report...)...), "ICMPv6 ::1 > ::2: multicast listener report, 64 bytes"},
		{ip(44, append([]byte{58, 0, 0, 8, 0, 0, 0, 7}, report...)...), "IP ::1 > ::2: a fragment, 56 bytes"},
		{ip(0, 58, 9, 5, 2, 0, 0, 1, 0), "IP ::1 > ::2: protocol 0, 48 bytes"},
	} {
		if got := capture.Line(capture.RawIP, c.frame); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
		for n := range c.frame.Data { // cut short anywhere: no panic
			_ = capture.Line(capture.RawIP, host.Frame{Data: c.frame.Data[:n]})
		}
	}
}

// read has a program read a file.
func read(t *testing.T, program string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Skipf("needs %s to read what was written", program)
	}
	var errs bytes.Buffer
	cmd := exec.Command(program, args...)
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, &errs)
	}
	return string(out)
}

// written is a file with a frame of each of two interfaces, and one that the
// first has lost.
func written(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	taps := []host.Tap{{End: host.End{NS: "h1", Name: "eth0"}, LinkType: 1}, {End: host.End{NS: "r", Name: "wan"}, LinkType: 1}}
	w, err := capture.NewWriter(&b, taps)
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range frames() {
		if err := w.Packet(i, f); err != nil {
			t.Fatal(err)
		}
	}
	taps[0].Received, taps[0].Dropped, taps[1].Received = 2, 1, 1
	if err := w.Close(time.Unix(1700000001, 0), taps); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "x.pcapng")
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestTcpdumpReads(t *testing.T) {
	got := read(t, "tcpdump", "-n", "-e", "-tt", "--nano", "-r", written(t))
	for _, want := range []string{"1700000000.123456789 ", "10.0.0.1 > 10.0.0.2: ICMP echo request, id 1, seq 1", "vlan 7"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

func TestTsharkReads(t *testing.T) {
	file := written(t)
	got := read(t, "tshark", "-n", "-r", file, "-T", "fields", "-E", "separator=/s", "-e", "frame.number", "-e", "frame.interface_id",
		"-e", "frame.interface_name", "-e", "frame.packet_flags_direction", "-e", "frame.time_epoch", "-e", "frame.len", "-e", "ip.src", "-e", "icmp.seq", "-e", "vlan.id")
	want := "1 0 h1:eth0 0x00000002 1700000000.123456789 42 10.0.0.1 1 \n" +
		"2 1 r:wan 0x00000001 1700000000.123456789 46 10.0.0.1 1 7\n"
	if got != want {
		t.Errorf("reads\n%s\nand not\n%s", got, want)
	}
	got = read(t, "capinfos", "-M", file)
	for _, want := range []string{"Number of packets:   2", "Capture application: vnet", "File timestamp precision:  nanoseconds", "Number of interfaces in file: 2",
		"Name = h1:eth0", "Name = r:wan", "Encapsulation = Ethernet", "Capture length = 262144", "Number of stat entries = 1"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

// TestListen records a ping at both ends of a cable, in two namespaces.
func TestListen(t *testing.T) {
	kerneltest.Need(t)
	ctx := context.Background()
	script := "ns h1 h2\nveth h1:eth0 10.0.0.1/24 <-> h2:eth0 10.0.0.2/24\nexpect ping h1 -> h2\n"
	r := runtime.Run(ctx, runtime.Script{Name: "test", Text: script}, runtime.Settings{})
	if r.Ending != runtime.Done {
		t.Fatal(r.Diags)
	}
	if _, list := runtime.Listen(ctx, []host.End{{NS: "h1", Name: "eth9"}}); !strings.Contains(list.Error(), "no interface eth9 in h1") {
		t.Errorf("an interface that is not there: %v", list)
	}
	l, list := runtime.Listen(ctx, []host.End{{NS: "h1", Name: "eth0"}, {NS: "h2", Name: "eth0"}})
	if list.Failed() {
		t.Fatal(list)
	}
	defer l.Close()
	go func() {
		if w, list := runtime.WhyAlive(ctx, query(t, "h1", "h2")); list.Failed() || !w.Answered {
			t.Error("no ping", list)
		}
	}()
	seen := map[string]int{}
	enough := errors.New("enough")
	limit, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	err := l.Read(limit, func(tap int, f host.Frame) error {
		if age := time.Since(f.At); age < 0 || age > 20*time.Second {
			t.Errorf("a frame of %s", f.At)
		}
		way := map[bool]string{true: " sends ", false: " receives "}[f.Out]
		line, _, _ := strings.Cut(capture.Line(l.Taps()[tap].LinkType, f), ", seq")
		seen[l.Taps()[tap].End.NS+way+line]++
		if seen["h1 receives ICMP 10.0.0.2 > 10.0.0.1: echo reply"]*seen["h2 sends ICMP 10.0.0.2 > 10.0.0.1: echo reply"] > 0 {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) {
		t.Fatal(err, seen)
	}
	for _, want := range []string{"h1 sends ICMP 10.0.0.1 > 10.0.0.2: echo request", "h2 receives ICMP 10.0.0.1 > 10.0.0.2: echo request"} {
		if seen[want] != 1 {
			t.Errorf("%d times %q: %v", seen[want], want, seen)
		}
	}
	if n := l.Taps()[0].Received; n < 2 {
		t.Errorf("the kernel has counted %d", n)
	}
}

func query(t *testing.T, from, to string) path.Query {
	t.Helper()
	q, err := runtime.WhyQuery(from, to, 0)
	if err != nil {
		t.Fatal(err)
	}
	return q
}
