package examples

import (
	"testing"

	"vnet/runtime/kernel/kerneltest"
)

// The programs of a parallel block run at the same time: each of three waits
// for the one behind it before it lets the one before it go on.
func TestProgramsInParallel(t *testing.T) {
	t.Parallel()
	m := kerneltest.New(t)
	m.Script("mkfifo /run/one /run/two /run/three")
	o := run(t, m, 0, "run", "--rm", "-q", script(t, `ns a b
parallel {
  exec timeout 1m in a sh 'read word </run/one; echo $word >/run/two'
  exec timeout 1m in a sh 'echo go >/run/one; read word </run/three; echo $word'
  exec timeout 1m in b sh 'read word </run/two; echo "$word on" >/run/three'
}`))
	if o.Out != "go on\n" {
		t.Errorf("prints %q", o.Out)
	}
}
