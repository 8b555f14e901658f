package kernel

import (
	"fmt"
	"os"
	"os/exec"
	"testing"

	"vnet/runtime/host"
	"vnet/runtime/host/contract"
)

func contractHost(t *testing.T) host.Host { return open(t) }

func contractSpace(name string) string { return fmt.Sprintf("vnet-%d-%s", os.Getpid(), name) }

func TestContract(t *testing.T) {
	contract.Test(t, contractHost, contractSpace)
}

// What an operation takes along beside what it names does not come back with
// its undo everywhere.
func TestContractUndo(t *testing.T) {
	contract.Undo(t, contractHost, contractSpace,
		"mtu under macvlan", "addr del primary promotes", "addr del with routes", "rule del", "sysctl disable_ipv6",
		"move of routes to one destination", "move of a route behind another", "move of the source of a route", "move without its connected route")
}

func TestCommands(t *testing.T) {
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("needs the ip command")
	}
	contract.Commands(t, contractHost, contractSpace)
}
