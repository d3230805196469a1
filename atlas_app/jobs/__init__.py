"""From a file that was sent to a mapped section: uploads, queue, worker, limits."""
