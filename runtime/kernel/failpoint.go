package kernel

// Failpoint is called before every single thing that is asked of Linux to
// change the network, with "step". An operation may be many of them; tests have
// the process die between two.
var Failpoint func(at string)

func failpoint() {
	if Failpoint != nil {
		Failpoint("step")
	}
}
