"""Care of equipment: plans and due dates, faults, work orders and downtime."""
