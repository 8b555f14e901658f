package jobctl

import (
	"bufio"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// What a key sends to vnet is passed on to who has the terminal, and only so
// long not meant for vnet.
func TestRelay(t *testing.T) {
	cmd := exec.Command("sh", "-c", "trap 'echo caught; exit 3' INT; echo ready; while :; do sleep 0.01; done")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(20*time.Second, func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
	defer late.Stop()
	lines := bufio.NewScanner(out)
	lines.Scan()
	if !Meant(os.Interrupt) {
		t.Error("Ctrl-C is not for vnet, while nothing has the terminal")
	}
	stop := Relay(cmd.Process.Pid)
	if Meant(os.Interrupt) || !Meant(syscall.SIGTERM) {
		t.Error("vnet takes for its own what is not, or the other way round")
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if lines.Scan(); lines.Text() != "caught" {
		t.Errorf("the program says %q", lines.Text())
	}
	_ = cmd.Wait()
	stop()
	if cmd.ProcessState.ExitCode() != 3 || !Meant(os.Interrupt) {
		t.Errorf("it ends with %v", cmd.ProcessState)
	}
}
