"""Routes: any system to any system by records alone - incoming, transformers, outgoing, a task for each entity."""
