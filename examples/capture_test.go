package examples

import (
	"bufio"
	"bytes"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"vnet/runtime/kernel/kerneltest"
)

// What several interfaces have seen goes through a pipe, and tshark(1) tells of
// each frame where it was, which way it went and when.
func TestCaptureIsReadByTshark(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("tshark"); err != nil {
		t.Skip("needs tshark to read what was captured")
	}
	m := kerneltest.New(t)
	run(t, m, 0, "up", script(t, `import "std/topo"
chain [near mid far] 10.0.0.0/24
expect ping near -> far
`))
	const pings = 3
	ends := []string{"near:mid", "mid:near", "mid:far", "far:mid"}
	recorder := vnet(append([]string{"capture", "-w", "-"}, ends...)...)
	reader := exec.Command("tshark", "-n", "-r", "-", "-Y", "icmp", "-T", "fields", "-E", "separator=/s",
		"-e", "frame.interface_name", "-e", "frame.packet_flags_direction", "-e", "icmp.type", "-e", "icmp.seq", "-e", "frame.time_epoch", "-e", "frame.len")
	pipe, err := recorder.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	said, err := recorder.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	reader.Stdin, reader.Stdout, reader.Stderr = pipe, &out, &errs
	if err := m.Start(recorder); err != nil {
		t.Fatal(err)
	}
	if err := reader.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(said)
	if !lines.Scan() || !strings.HasPrefix(lines.Text(), "listening") {
		t.Fatalf("says %q", lines.Text())
	}
	began := time.Now()
	run(t, m, 0, "exec", "near", "ping", "-q", "-c", strconv.Itoa(pings), "-i", "0.2", "-s", "100", "10.0.0.6")
	ended := time.Now()
	_ = recorder.Process.Signal(syscall.SIGINT)
	if !lines.Scan() || !strings.Contains(lines.Text(), "packets") {
		t.Errorf("ends with %q", lines.Text())
	}
	if err := reader.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, &errs)
	}
	_ = recorder.Wait()

	// A request goes out of near and into mid, out of mid and into far; an answer
	// the other way.
	const in, away = "0x00000001", "0x00000002" // epb_flags
	requests := map[string]string{"near:mid": away, "mid:near": in, "mid:far": away, "far:mid": in}
	frames, last := map[string]int{}, map[string]float64{}
	for line := range strings.Lines(out.String()) {
		var end, way, kind, seq, at, size string
		if words := strings.Fields(line); len(words) == 6 {
			end, way, kind, seq, at, size = words[0], words[1], words[2], words[3], words[4], words[5]
		}
		outward := requests[end]
		if kind == "0" {
			outward = map[string]string{in: away, away: in}[outward]
		}
		if outward == "" || way != outward || size != "142" { // Ethernet, IP, ICMP, and 100 bytes
			t.Errorf("a frame that nobody sent: %s", line)
		}
		if when, err := strconv.ParseFloat(at, 64); err != nil || when < last[end] || when < seconds(began) || when > seconds(ended) || !strings.Contains(at, ".") {
			t.Errorf("not from %f to %f, or before the frame before it: %s", seconds(began), seconds(ended), line)
		} else {
			last[end] = when
		}
		frames[end+" "+kind+" "+seq]++
	}
	for _, end := range ends {
		for seq := 1; seq <= pings; seq++ {
			for _, kind := range []string{"8", "0"} {
				if key := end + " " + kind + " " + strconv.Itoa(seq); frames[key] != 1 {
					t.Errorf("%d frames %q, and not one", frames[key], key)
				}
			}
		}
	}
	if t.Failed() {
		t.Log(out.String())
	}
}

func seconds(at time.Time) float64 { return float64(at.UnixNano()) / 1e9 }

// Who misspells a namespace is told what was meant.
func TestCaptureMisspelt(t *testing.T) {
	t.Parallel()
	m := kerneltest.New(t)
	m.Script("ip netns add left")
	if o := run(t, m, 3, "capture", "lefd:lo"); !strings.Contains(o.Err, "no namespace `lefd`") || !strings.Contains(o.Err, "did you mean `left`?") {
		t.Errorf("says\n%s", o.Err)
	}
}
