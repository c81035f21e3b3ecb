"""The course on one account: every part with its template, its stack, and what it needs of the others."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from deployment import artifacts, lookups, templates
from deployment.account import Account
from deployment.change_sets import Change, Wanted
from deployment.errors import EarlierPartMissingError, StackInUseError
from deployment.evaluation import Evaluation
from deployment.events import Tell
from deployment.parameters import given, parameters_of, read_parameters
from deployment.parts import PARTS, Part
from deployment.stacks import Stack
from deployment.wiring import Wiring

# Parameters that nobody gives: what AWS tells of an earlier part's export.
LOOKED_UP: Mapping[str, tuple[str, Callable[[Account, str], str]]] = {
    "BootstrapServers": ("ClusterArn", lookups.bootstrap_servers),
    "RequirementsVersion": ("ArtifactBucket", partial(artifacts.version, key=artifacts.REQUIREMENTS)),
    "StartupVersion": ("ArtifactBucket", partial(artifacts.version, key=artifacts.STARTUP)),
}


class Project:
    """The parts, their parameters, and the account that they are deployed to.

    Attributes:
        account: the account.
        name: what the names of all stacks begin with.
        user_id: the student's id.
        parameters: the parameters that are given, of all parts.
    """

    def __init__(self, account: Account) -> None:
        self.account = account
        self.parameters = read_parameters()
        self.name = given("Project", self.parameters)
        self.user_id = given("UserId", self.parameters)
        self._templates = {part: templates.render(part.template) for part in PARTS}
        self._wiring = Wiring(self._templates, self.parameters)

    def template(self, part: Part) -> dict[str, Any]:
        """The rendered template of a part."""
        return self._templates[part]

    def stack(self, part: Part) -> Stack:
        """The stack of a part, whether it stands or not."""
        return Stack(self.account, part.stack(self.name))

    def deploy(self, part: Part, tell: Tell) -> bool:
        """Make or update a part's stack; say whether there was anything to do.

        Raises:
            EarlierPartMissingError: it builds on a part that is not deployed.
            ParameterMissingError: a parameter of the part has no value.
            ArtifactMissingError: a file that the part takes to AWS is not on this machine.
            StackBusyError: its stack is at work.
            StackFailedError: it failed.
        """
        exports = lookups.exports(self.account)
        self._require_earlier(part, exports)
        self._upload(part, exports)
        changed = self.stack(part).deploy(self._wanted(part, exports), tell)
        if part.name == "msk":
            lookups.announce_bootstrap_servers(self.account, self.stack(part).outputs())
        return changed

    def destroy(self, part: Part, tell: Tell) -> bool:
        """Remove a part's stack with all that it holds; say whether there was one.

        Raises:
            StackInUseError: a part that still stands builds on it.
            StackFailedError: something could not be removed.
        """
        if self.stack(part).description() is None:
            return False
        self._require_unused(part)
        self.stack(part).remove(tell)
        return True

    def changes(self, part: Part) -> list[Change]:
        """What deploying a part would change; a stack that does not stand would get all of its resources.

        Raises:
            ParameterMissingError: a parameter of the part has no value.
            StackFailedError: CloudFormation refuses the template.
        """
        stack, template = self.stack(part), self.template(part)
        if stack.stands():
            return stack.changes(self._wanted(part, lookups.exports(self.account)))
        resources = Evaluation(template, self.parameters).resources()
        return [Change("Add", name, resource["Type"]) for name, resource in resources.items()]

    def _upload(self, part: Part, exports: Mapping[str, str]) -> None:
        bucket = f"{self.name}-ArtifactBucket"
        if bucket in self._wiring.imports[part]:
            artifacts.upload(self.account, part.name, self.user_id, exports[bucket])

    def _wanted(self, part: Part, exports: Mapping[str, str]) -> Wanted:
        template = self.template(part)
        tags = {"Project": self.name, "Part": part.name, "UserId": self.user_id}
        return Wanted(template, parameters_of(template, self._known(template, exports)), tags)

    def _known(self, template: Mapping[str, Any], exports: Mapping[str, str]) -> dict[str, str]:
        """The parameters that are given, and those that AWS is asked for."""
        asked = {
            name: look_up(self.account, exports[f"{self.name}-{export}"])
            for name, (export, look_up) in LOOKED_UP.items()
            if name in template.get("Parameters", {})
        }
        return self.parameters | asked

    def _require_earlier(self, part: Part, exports: Mapping[str, str]) -> None:
        for name in sorted(self._wiring.imports[part] - set(exports)):
            earlier = self._wiring.supplier(name)
            if earlier is None:
                raise EarlierPartMissingError(f"{part.name} needs {name}, and no template exports it.", "Mend one.")
            raise EarlierPartMissingError(
                f"{part.name} builds on {earlier.name}, which is not deployed (nothing exports {name}).",
                f"Deploy it first: make deploy PART={earlier.name}",
            )

    def _require_unused(self, part: Part) -> None:
        for user in self._wiring.users(part):
            if self.stack(user).description() is not None:
                raise StackInUseError(
                    f"{user.name} builds on {part.name}, and is still deployed.",
                    f"Remove it first: make destroy PART={user.name}",
                )
