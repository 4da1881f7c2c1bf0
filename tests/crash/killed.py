# SPDX-License-Identifier: MIT
"""A folder in which dropfeed is killed: `work` holds its configuration, its state folder and what
it counts its steps in; `build` the programs."""
import os
import subprocess

import ledger


class Killed:
    def __init__(self, work, build):
        self.work, self.build = work, build

    def call(self, program, *args, **env):
        command = [self.build + "/" + program, "--config", self.work + "/conf", *args]
        base = {k: v for k, v in os.environ.items() if k != "DROPFEED_CONFIG"}
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=120,
            env=dict(base, HOME=self.work, **env),
            check=False,
        )

    def at(self, at, *words):
        return self.call(
            "faults/dropfeed",
            *words,
            DROPFEED_CRASH_AT=str(at),
            DROPFEED_STEPS=self.work + "/steps",
            DROPFEED_SYNCED=self.work + "/synced"
        )

    def cut_power(self):
        ledger.cut_power(self.work + "/state", self.work + "/synced")

    def kill_after(self, seconds):
        p = subprocess.Popen(
            [self.build + "/dropfeed", "--config", self.work + "/conf", "run"],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=dict(os.environ, HOME=self.work),
        )
        try:
            p.wait(seconds)
        except subprocess.TimeoutExpired:
            p.kill()
            p.wait()
