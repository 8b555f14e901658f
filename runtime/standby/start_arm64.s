#include "textflag.h"

// func start(flags uintptr, calls *call, n uintptr) (pid int)
//
// The new process never writes to the stack, which is its parent's.
TEXT ·start(SB), NOSPLIT, $0-32
	MOVD	flags+0(FP), R0
	MOVD	calls+8(FP), R19
	MOVD	n+16(FP), R20
	MOVD	ZR, R1
	MOVD	ZR, R2
	MOVD	ZR, R3
	MOVD	ZR, R4
	MOVD	$220, R8 // clone(2)
	SVC
	CBZ	R0, next
	MOVD	R0, pid+24(FP)
	RET
next:
	MOVD	0(R19), R8
	MOVD	8(R19), R0
	MOVD	16(R19), R1
	MOVD	24(R19), R2
	MOVD	32(R19), R3
	MOVD	40(R19), R4
	MOVD	48(R19), R5
	SVC
	ADD	$56, R19
	SUB	$1, R20
	CBNZ	R20, next
	BRK
