"""Where jobs are kept and who carries them out: this machine, or workers that share a Redis."""
