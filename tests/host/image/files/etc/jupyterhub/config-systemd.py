# The same hub, but every user's server is a unit jupyter-NAME-singleuser.service.
load_subconfig("/etc/jupyterhub/config.py")  # noqa: F821
c = get_config()  # noqa: F821

c.JupyterHub.spawner_class = "systemd"
c.SystemdSpawner.username_template = "{USERNAME}"
c.SystemdSpawner.default_shell = "/bin/bash"
