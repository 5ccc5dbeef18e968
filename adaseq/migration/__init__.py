"""From what AdaSeq 0.6 left behind to what is used today: configurations, model folders, pickled lists."""
