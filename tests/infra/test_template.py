"""`template.yaml`: what it promises, and that the code keeps to it."""

import itertools
import json
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from typing import Any

import boto3
import pytest
from fastapi.routing import APIRoute
from pydantic_settings import BaseSettings
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from starlette.routing import Route

from frontend.settings import Settings
from functions.admin import app as admin
from functions.dead_letter import app as dead_letter
from functions.inference import app as inference
from functions.model_import import app as model_import
from functions.result import app as result
from functions.upload import app as upload
from infra.settings import ROOT
from infra.template import parse
from infra.unversioned import without_versions
from smartscale.adapters.rows import WeighingRow
from smartscale.http.app import BASE_PATH
from tests.support import BIN, tool_environment
from tests.template import read_template

_SETTINGS: dict[str, type[BaseSettings]] = {
    "Upload": upload.Settings,
    "Result": result.Settings,
    "Admin": admin.Settings,
    "Inference": inference.Settings,
    "DeadLetter": dead_letter.Settings,
    "ModelImport": model_import.Settings,
}
_HTTP = {"Upload": upload, "Result": result, "Admin": admin}
_RIGHTS: dict[str, set[tuple[str, str]]] = {
    "Upload": {
        ("cloudwatch:PutMetricData", "* where the sink is cloudwatch"),
        ("s3:GetObject", "DataBucket/uploads/*"),
        ("s3:PutObject", "DataBucket/uploads/*"),
        ("s3:GetObject", "DataBucket/idempotency/*"),
        ("s3:PutObject", "DataBucket/idempotency/*"),
        ("s3:ListBucket", "DataBucket uploads/*"),
        ("dynamodb:GetItem", "WeighingRows"),
        ("dynamodb:GetItem", "ModelsTable refused#*"),
        ("dynamodb:UpdateItem", "ModelsTable refused#*"),
        ("secretsmanager:GetSecretValue", "KioskSecret"),
        ("secretsmanager:GetSecretValue", "AdminTokenSecret where the token was given on AWS"),
        ("secretsmanager:GetSecretValue", "AdminTokenSecretArn where the token is there"),
        ("ssm:GetParameter", "parameter${AdminTokenParameterName} where the token is there"),
    },
    "Result": {
        ("sns:Publish", "WeighingCompletedTopic"),
        ("dynamodb:GetItem", "WeighingRows"),
        ("dynamodb:BatchGetItem", "WeighingRows"),
        ("dynamodb:PutItem", "WeighingRows"),
        ("dynamodb:Query", "WeighingRows/index/*"),
        ("dynamodb:GetItem", "CatalogueTable"),
        ("dynamodb:BatchGetItem", "CatalogueTable"),
        ("dynamodb:Scan", "CatalogueTable"),
        ("dynamodb:GetItem", "ModelsTable"),
        ("s3:GetObject", "DataBucket/uploads/*"),
        ("s3:ListBucket", "DataBucket uploads/*"),
        ("s3:GetObject", "DataBucket/pictures/*"),
        ("s3:ListBucket", "DataBucket pictures/*"),
        ("s3:GetObject", "DataBucket/memory/carried/*"),
        ("s3:ListBucket", "DataBucket memory/carried/*"),
        ("s3:ListBucket", "DataBucket ledger/*"),
        ("s3:GetObject", "DataBucket/ledger/*"),
        ("s3:PutObject", "DataBucket/ledger/*"),
        ("sqs:SendMessage", "WeighingsQueue"),
        ("sqs:GetQueueAttributes", "WeighingsQueue"),
        ("dynamodb:Scan", "ModelsTable"),
        ("dynamodb:UpdateItem", "ModelsTable refused#*"),
        ("secretsmanager:GetSecretValue", "KioskSecret"),
        ("secretsmanager:GetSecretValue", "AdminTokenSecret where the token was given on AWS"),
        ("secretsmanager:GetSecretValue", "AdminTokenSecretArn where the token is there"),
        ("ssm:GetParameter", "parameter${AdminTokenParameterName} where the token is there"),
        ("cloudwatch:GetMetricData", "*"),
        ("cloudwatch:ListMetrics", "*"),
        ("cloudwatch:PutMetricData", "* where the sink is cloudwatch"),
        ("s3:GetObject", "DataBucket/evidence/*"),
        ("s3:ListBucket", "DataBucket evidence/*"),
        ("s3:PutObjectRetention", "DataBucket/ledger/* where the ledger is locked"),
    },
    "Admin": {
        ("dynamodb:GetItem", "CatalogueTable"),
        ("dynamodb:BatchGetItem", "CatalogueTable"),
        ("dynamodb:Scan", "CatalogueTable"),
        ("dynamodb:PutItem", "CatalogueTable"),
        ("dynamodb:UpdateItem", "CatalogueTable"),
        ("dynamodb:GetItem", "ModelsTable"),
        ("dynamodb:Scan", "ModelsTable"),
        ("dynamodb:PutItem", "ModelsTable"),
        ("dynamodb:UpdateItem", "ModelsTable refused#*"),
        ("dynamodb:UpdateItem", "ModelsTable briefing"),
        ("s3:GetObject", "DataBucket/ledger/*"),
        ("s3:PutObject", "DataBucket/ledger/*"),
        ("s3:ListBucket", "DataBucket ledger/*"),
        ("s3:PutObject", "DataBucket/pictures/*"),
        ("s3:GetObject", "DataBucket/models/*"),
        ("s3:ListBucket", "DataBucket models/*"),
        ("s3:GetObject", "DataBucket/memory/*"),
        ("s3:PutObject", "DataBucket/memory/*"),
        ("s3:ListBucket", "DataBucket memory/*"),
        ("sqs:SendMessage", "WeighingsQueue"),
        ("sqs:SendMessage", "ImportsQueue"),
        ("secretsmanager:GetSecretValue", "AdminTokenSecretArn where the token is there"),
        ("secretsmanager:GetSecretValue", "AdminTokenSecret where the token was given on AWS"),
        ("ssm:GetParameter", "parameter${AdminTokenParameterName} where the token is there"),
        ("cloudwatch:PutMetricData", "* where the sink is cloudwatch"),
        ("s3:PutObjectRetention", "DataBucket/ledger/* where the ledger is locked"),
    },
    "Inference": {
        ("cloudwatch:GetMetricData", "*"),
        ("sns:Publish", "WeighingCompletedTopic"),
        ("sqs:SendMessage", "WeighingsQueue"),
        ("sqs:ReceiveMessage", "WeighingsQueue"),
        ("sqs:DeleteMessage", "WeighingsQueue"),
        ("sqs:GetQueueAttributes", "WeighingsQueue"),
        ("sqs:SendMessage", "DeadLetterQueue"),
        ("s3:GetObject", "DataBucket/uploads/*"),
        ("s3:GetObject", "DataBucket/models/*"),
        ("s3:ListBucket", "DataBucket uploads/*"),
        ("s3:ListBucket", "DataBucket models/*"),
        ("s3:GetObject", "DataBucket/memory/*"),
        ("s3:PutObject", "DataBucket/memory/*"),
        ("s3:ListBucket", "DataBucket memory/*"),
        ("s3:GetObject", "DataBucket/ledger/*"),
        ("s3:PutObject", "DataBucket/ledger/*"),
        ("dynamodb:GetItem", "WeighingRows"),
        ("dynamodb:PutItem", "WeighingRows"),
        ("dynamodb:Query", "WeighingRows/index/*"),
        ("dynamodb:GetItem", "CatalogueTable"),
        ("dynamodb:BatchGetItem", "CatalogueTable"),
        ("dynamodb:Scan", "CatalogueTable"),
        ("dynamodb:GetItem", "ModelsTable"),
        ("dynamodb:PutItem", "ModelsTable"),
        ("dynamodb:UpdateItem", "ModelsTable tally#*"),
        ("dynamodb:UpdateItem", "ModelsTable briefing"),
        ("cloudwatch:PutMetricData", "*"),
        ("s3:GetObject", "DataBucket/evidence/*"),
        ("s3:PutObject", "DataBucket/evidence/*"),
        ("s3:ListBucket", "DataBucket evidence/*"),
        ("s3:GetObject", "DataBucket/idempotency/moved/*"),
        ("s3:PutObject", "DataBucket/idempotency/moved/*"),
        ("s3:ListBucket", "DataBucket idempotency/*"),
        ("s3:DeleteObject", "DataBucket/uploads/*"),
        ("s3:PutObjectRetention", "DataBucket/ledger/* where the ledger is locked"),
    },
    "DeadLetter": {
        ("sns:Publish", "WeighingCompletedTopic"),
        ("sqs:SendMessage", "WeighingsQueue"),
        ("sqs:ReceiveMessage", "DeadLetterQueue"),
        ("sqs:DeleteMessage", "DeadLetterQueue"),
        ("sqs:GetQueueAttributes", "DeadLetterQueue"),
        ("s3:GetObject", "DataBucket/uploads/*"),
        ("s3:ListBucket", "DataBucket uploads/*"),
        ("s3:GetObject", "DataBucket/ledger/*"),
        ("s3:PutObject", "DataBucket/ledger/*"),
        ("dynamodb:GetItem", "WeighingRows"),
        ("dynamodb:PutItem", "WeighingRows"),
        ("cloudwatch:PutMetricData", "* where the sink is cloudwatch"),
        ("s3:GetObject", "DataBucket/evidence/*"),
        ("s3:ListBucket", "DataBucket evidence/*"),
        ("s3:GetObject", "DataBucket/idempotency/moved/*"),
        ("s3:ListBucket", "DataBucket idempotency/*"),
        ("s3:PutObjectRetention", "DataBucket/ledger/* where the ledger is locked"),
    },
    "ModelImport": {
        ("sqs:ReceiveMessage", "ImportsQueue"),
        ("sqs:DeleteMessage", "ImportsQueue"),
        ("sqs:GetQueueAttributes", "ImportsQueue"),
        ("sqs:SendMessage", "WeighingsQueue"),
        ("s3:GetObject", "DataBucket/models/*"),
        ("s3:PutObject", "DataBucket/models/*"),
        ("s3:ListBucket", "DataBucket models/*"),
        ("s3:GetObject", "DataBucket/ledger/*"),
        ("s3:PutObject", "DataBucket/ledger/*"),
        ("dynamodb:GetItem", "ModelsTable"),
        ("dynamodb:PutItem", "ModelsTable"),
        ("dynamodb:UpdateItem", "ModelsTable briefing"),
        ("s3:PutObjectRetention", "DataBucket/ledger/* where the ledger is locked"),
    },
}
"""Every right of every function, but for writing its own log. What a function does not do, it may
not do: add a right here only with the code that uses it."""
_CONDITIONS = {
    "PublishesMetrics": "the sink is cloudwatch",
    "LocksLedger": "the ledger is locked",
    "TokenIsInSecret": "the token is there",
    "TokenIsInParameter": "the token is there",
    "TokenIsKeptHere": "the token was given on AWS",
}
# What may name every resource, because CloudWatch's metrics have no ARN.
_ANY_RESOURCE = {"cloudwatch:PutMetricData", "cloudwatch:GetMetricData", "cloudwatch:ListMetrics"}


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    """The template as data."""
    return read_template()


@pytest.fixture(scope="module")
def transformed() -> dict[str, Any]:
    """The template as CloudFormation sees it after the SAM transform."""
    return _transformed()


@cache
def _transformed(**parameters: str) -> dict[str, Any]:
    local = read_template()
    for resource in local["Resources"].values():
        for uri in ("CodeUri", "ContentUri"):
            if uri in resource["Properties"]:
                resource["Properties"][uri] = "s3://uploaded/by-sam"
    session = boto3.Session(region_name="us-east-1")
    translator = Translator({}, Parser(), boto_session=session)
    done: dict[str, Any] = translator.translate(local, {"Stage": "dev"} | parameters)
    return done


def _of_type(template: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    """The properties of the resources of a type."""
    return {
        name: resource["Properties"]
        for name, resource in template["Resources"].items()
        if resource["Type"] == kind
    }


def _environment(template: dict[str, Any], function: str) -> set[str]:
    shared = template["Globals"]["Function"]["Environment"]["Variables"]
    own = template["Resources"][f"{function}Function"]["Properties"].get("Environment", {})
    return {*shared, *own.get("Variables", {})}


def _statements(template: dict[str, Any], function: str) -> list[dict[str, Any]]:
    """A role's statements, those under a condition too."""
    role = template["Resources"][f"{function}Role"]["Properties"]
    return [
        statement["Fn::If"][1] if "Fn::If" in statement else statement
        for policy in role["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
    ]


def _rights(template: dict[str, Any], function: str) -> set[tuple[str, str]]:
    role = template["Resources"][f"{function}Role"]["Properties"]
    rights = set()
    for policy in role["Policies"]:
        for stated in policy["PolicyDocument"]["Statement"]:
            suffix, statement = "", stated
            if "Fn::If" in stated:
                condition, statement, otherwise = stated["Fn::If"]
                assert otherwise == {"Ref": "AWS::NoValue"}
                suffix = f" where {_CONDITIONS[condition]}"
            for action, resource in itertools.product(
                _listed(statement["Action"]), _listed(statement["Resource"])
            ):
                limits: dict[str, list[str]] = {}
                for test in ("StringLike", "ForAllValues:StringLike"):
                    limits |= statement.get("Condition", {}).get(test, {})
                for prefix in limits.get("s3:prefix", limits.get("dynamodb:LeadingKeys", [""])):
                    where = f"{_plain(resource)} {prefix}".rstrip()
                    rights.add((action, where + suffix))
    return rights


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _plain(resource: str | dict[str, Any]) -> str:
    """A resource as its logical id and what follows it."""
    if isinstance(resource, str):
        return resource
    if "Ref" in resource:
        referred: str = resource["Ref"]
        return referred
    if "Fn::GetAtt" in resource:
        named: str = resource["Fn::GetAtt"][0]
        return named
    ours = resource["Fn::Sub"].rpartition(":${AWS::AccountId}:")[2]
    return re.sub(r"\$\{(\w+)\.Arn\}", r"\1", ours)


@pytest.mark.parametrize("function", _HTTP)
def test_the_gateway_has_exactly_the_routes_of_the_function(
    template: dict[str, Any], function: str
) -> None:
    events = template["Resources"][f"{function}Function"]["Properties"]["Events"].values()
    gateway = {(e["Properties"]["Method"].upper(), e["Properties"]["Path"]) for e in events}

    # To make the description of all routes would take a second.
    router, app = _HTTP[function].router, _HTTP[function].app
    routes = [route for route in router.routes if isinstance(route, APIRoute)]
    operations = {
        (method, BASE_PATH + route.path) for route in routes for method in route.methods or ()
    }

    assert gateway == operations
    assert {route.path for route in app.routes if isinstance(route, Route)} == {
        app.openapi_url,
        app.docs_url,
        app.swagger_ui_oauth2_redirect_url,
        app.redoc_url,
    }
    assert len(app.routes) == 4 + 1, "and its router"


@pytest.mark.parametrize("function", _SETTINGS)
def test_a_function_gets_every_setting_it_needs(template: dict[str, Any], function: str) -> None:
    given = {name.lower() for name in _environment(template, function)}
    fields = _SETTINGS[function].model_fields

    needed = {name for name, field in fields.items() if field.is_required()}

    assert needed <= given


@pytest.mark.parametrize("function", _SETTINGS)
def test_a_function_has_exactly_these_rights(template: dict[str, Any], function: str) -> None:
    log = f"{function}LogGroup:*"

    assert _rights(template, function) == _RIGHTS[function] | {
        ("logs:CreateLogStream", log),
        ("logs:PutLogEvents", log),
    }


def test_only_emulators_let_functions_publish_metrics(template: dict[str, Any]) -> None:
    assert template["Conditions"]["PublishesMetrics"] == {
        "Fn::Equals": [{"Ref": "MetricsSink"}, "cloudwatch"]
    }
    assert template["Parameters"]["MetricsSink"]["Default"] == "emf"


@pytest.mark.parametrize("function", _SETTINGS)
def test_a_function_may_do_nothing_to_everything(template: dict[str, Any], function: str) -> None:
    for statement in _statements(template, function):
        assert all("*" not in action for action in statement["Action"])
        if statement["Resource"] == "*":
            assert set(statement["Action"]) <= _ANY_RESOURCE
        if "cloudwatch:PutMetricData" in statement["Action"]:
            assert statement["Condition"]["StringEquals"] == {"cloudwatch:namespace": "SmartScale"}


def test_only_upload_writes_pictures_and_only_what_is_evidence_is_deleted(
    template: dict[str, Any],
) -> None:
    for function in _SETTINGS:
        for statement in _statements(template, function):
            actions, where = statement["Action"], str(statement["Resource"])
            if deletes := [one for one in actions if "Delete" in one and "sqs" not in one]:
                assert (function, deletes) == ("Inference", ["s3:DeleteObject"])
                assert where.endswith("/uploads/*'}")
            if "s3:PutObject" in actions and "/uploads/" in where:
                assert function == "Upload"


def test_a_message_stays_hidden_six_times_as_long_as_its_function_may_take(
    template: dict[str, Any],
) -> None:
    resources = template["Resources"]
    for function, queue in (
        ("DeadLetter", "DeadLetterQueue"),
        ("ModelImport", "ImportsQueue"),
    ):
        timeout = resources[f"{function}Function"]["Properties"]["Timeout"]
        assert resources[queue]["Properties"]["VisibilityTimeout"] >= 6 * timeout


def test_a_lost_workers_batch_comes_back_within_ten_seconds(template: dict[str, Any]) -> None:
    resources = template["Resources"]
    timeout = resources["InferenceFunction"]["Properties"]["Timeout"]["Fn::If"]
    queue = resources["WeighingsQueue"]["Properties"]
    hidden = queue["VisibilityTimeout"]["Fn::If"]
    assert timeout[0] == hidden[0] == "OnEmulator"
    patience = Settings.model_fields["patience_s"].default
    # The embedded emulator delivers at once what a lost worker had: tests/chaos/test_emulator.py.
    assert timeout[1] < hidden[1] < patience
    # Lambda refuses a queue that hides messages for less time than its function may take.
    assert timeout[2] < hidden[2] < 10
    # Half a minute of a store that is away is no reason to give up.
    assert queue["RedrivePolicy"]["maxReceiveCount"] * hidden[2] >= 60


def test_queues_answer_over_tls_alone(template: dict[str, Any]) -> None:
    shut = {
        statement["Resource"]["Fn::GetAtt"][0]
        for policy in _of_type(template, "AWS::SQS::QueuePolicy").values()
        for statement in policy["PolicyDocument"]["Statement"]
        if (statement["Effect"], statement["Principal"], statement["Action"])
        == ("Deny", "*", "sqs:*")
        and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        and policy["Queues"] == [{"Ref": statement["Resource"]["Fn::GetAtt"][0]}]
    }

    assert shut == _of_type(template, "AWS::SQS::Queue").keys()


def test_data_outlives_the_stack(template: dict[str, Any]) -> None:
    for name, resource in template["Resources"].items():
        if resource["Type"] in {"AWS::S3::Bucket", "AWS::DynamoDB::Table"}:
            assert resource["DeletionPolicy"] == "RetainExceptOnCreate", name
            assert resource["UpdateReplacePolicy"] == "Retain", name


def test_pictures_expire_and_the_ledger_does_not(template: dict[str, Any]) -> None:
    rules = template["Resources"]["DataBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]

    expiring = {rule["Prefix"] for rule in rules if "ExpirationInDays" in rule}

    assert expiring == {"uploads/", "evidence/", "idempotency/"}


def test_a_ledger_record_stays_as_it_was_written(template: dict[str, Any]) -> None:
    """But for the embedded run, where reconciling mends what a power cut left half written."""
    policy = template["Resources"]["DataBucketPolicy"]["Properties"]["PolicyDocument"]
    ledger = [s["Fn::If"] for s in policy["Statement"] if "Fn::If" in s]

    assert template["Conditions"]["LedgerIsImmutable"] == {
        "Fn::Not": [{"Fn::Equals": [{"Ref": "Stage"}, "embedded"]}]
    }
    assert {condition for condition, _, _ in ledger} == {"LedgerIsImmutable"}
    overwriting, deleting = (statement for _, statement, _ in ledger)
    for statement in (overwriting, deleting):
        assert statement["Effect"] == "Deny"
        assert statement["Principal"] == "*"
        assert statement["Resource"] == {"Fn::Sub": "${DataBucket.Arn}/ledger/*"}
    assert overwriting["Action"] == "s3:PutObject"
    assert overwriting["Condition"] == {"Null": {"s3:if-none-match": "true"}}
    assert deleting["Action"] == ["s3:DeleteObject", "s3:DeleteObjectVersion"]
    assert "Condition" not in deleting


def test_a_locked_ledger_leaves_pictures_their_retention(template: dict[str, Any]) -> None:
    bucket = template["Resources"]["DataBucket"]["Properties"]

    for name in ("ObjectLockEnabled", "VersioningConfiguration"):
        assert bucket[name]["Fn::If"][0] == "LocksLedger"
        assert bucket[name]["Fn::If"][2] == {"Ref": "AWS::NoValue"}
    assert "ObjectLockConfiguration" not in bucket, "it would lock what expires, too"
    [rule] = [r for r in bucket["LifecycleConfiguration"]["Rules"] if r["Id"] == "old-versions-go"]
    assert rule["Status"] == {"Fn::If": ["LocksLedger", "Enabled", "Disabled"]}
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 1}


def test_the_gateways_own_errors_are_problems_too(transformed: dict[str, Any]) -> None:
    body = transformed["Resources"]["Api"]["Properties"]["Body"]
    responses = body["x-amazon-apigateway-gateway-responses"]

    problems = {}
    for name, response in responses.items():
        assert response["responseParameters"] == {
            "gatewayresponse.header.Content-Type": "'application/problem+json'"
        }
        text = response["responseTemplates"]["application/json"]
        # The gateway puts in the message with its quotes.
        problems[name] = json.loads(text.replace("$context.error.messageString", '"..."'))
    assert {name: response.get("statusCode") for name, response in responses.items()} == {
        "REQUEST_TOO_LARGE": "413",
        "MISSING_AUTHENTICATION_TOKEN": "404",
        "INVALID_API_KEY": "403",
        "THROTTLED": "429",
        "DEFAULT_4XX": None,
        "DEFAULT_5XX": None,
    }
    for name, problem in problems.items():
        assert {"type", "title", "detail"} <= set(problem)
        assert str(problem.get("status")) == str(responses[name].get("statusCode"))
    assert "POST /v1/uploads" in problems["REQUEST_TOO_LARGE"]["detail"]
    assert "x-api-key" in problems["INVALID_API_KEY"]["detail"]


def test_every_route_but_health_wants_a_kiosks_key_on_aws(transformed: dict[str, Any]) -> None:
    body = transformed["Resources"]["Api"]["Properties"]["Body"]

    scheme = body["securityDefinitions"]["api_key"]["Fn::If"]
    assert scheme == [
        "OnAws",
        {"type": "apiKey", "name": "x-api-key", "in": "header"},
        {"Ref": "AWS::NoValue"},
    ]
    open_to_all = {
        path
        for path, methods in body["paths"].items()
        for method in methods.values()
        if {"api_key": []} not in method.get("security", [])
    }
    assert open_to_all == {"/v1/health"}
    assert transformed["Resources"]["KioskUsagePlan"]["Condition"] == "OnAws"


def test_the_gateway_logs_what_it_answers_once_the_account_lets_it() -> None:
    resources = _transformed()["Resources"]

    setting = resources["ApiStage"]["Properties"]["AccessLogSetting"]["Fn::If"]
    assert setting[0] == "LogsAccess"
    assert setting[2] == {"Ref": "AWS::NoValue"}
    logged = json.loads(setting[1]["Format"])
    assert {"$context.requestId", "$context.status", "$context.identity.apiKeyId"} <= set(
        logged.values()
    )
    # The stage comes after the log, and that after the account's role.
    assert setting[1]["DestinationArn"] == {"Fn::GetAtt": ["ApiLogGroup", "Arn"]}
    [tag] = resources["ApiLogGroup"]["Properties"]["Tags"]
    assert tag["Value"]["Fn::If"][:2] == ["MakesGatewayRole", {"Ref": "GatewayAccount"}]
    assert resources["GatewayAccount"]["Condition"] == "MakesGatewayRole"
    assert resources["GatewayLogsRole"]["DeletionPolicy"].startswith("Retain")


def test_the_guide_names_every_parameter(template: dict[str, Any]) -> None:
    guide = (ROOT / "docs" / "aws.md").read_text(encoding="utf-8")

    assert [name for name in template["Parameters"] if f"`{name}`" not in guide] == []


def test_a_firewall_of_the_account_stands_before_the_api() -> None:
    firewall = _transformed()["Resources"]["Firewall"]

    assert firewall["Condition"] == "HasFirewall"
    assert firewall["Properties"]["WebACLArn"] == {"Ref": "WebAclArn"}
    assert "/restapis/${Api}/stages/${Stage}" in str(firewall["Properties"]["ResourceArn"])


def test_emulators_are_told_apart_by_the_stage(template: dict[str, Any]) -> None:
    def stage(name: str) -> dict[str, Any]:
        return {"Fn::Equals": [{"Ref": "Stage"}, name]}

    conditions = template["Conditions"]
    assert conditions["OnEmulator"] == {"Fn::Or": [stage("embedded"), stage("localstack")]}
    assert conditions["OnAws"] == {"Fn::Not": [{"Condition": "OnEmulator"}]}
    assert conditions["KeepsItsTables"] == {
        "Fn::Not": [{"Fn::Or": [{"Condition": "OnEmulator"}, stage("dev"), stage("test")]}]
    }


def test_tables_can_be_restored_and_not_be_deleted(template: dict[str, Any]) -> None:
    for name, table in _of_type(template, "AWS::DynamoDB::Table").items():
        # The ledger holds all that is in the weighings' table.
        if name != "WeighingRows":
            recovery = table["PointInTimeRecoverySpecification"]
            assert recovery["PointInTimeRecoveryEnabled"], name
        assert table["DeletionProtectionEnabled"] == {"Fn::If": ["KeepsItsTables", True, False]}


def test_whatever_stores_uses_the_customers_key_where_there_is_one(
    template: dict[str, Any],
) -> None:
    for kind, key in (
        ("AWS::SQS::Queue", "KmsMasterKeyId"),
        ("AWS::SNS::Topic", "KmsMasterKeyId"),
        ("AWS::Logs::LogGroup", "KmsKeyId"),
    ):
        for name, properties in _of_type(template, kind).items():
            assert properties[key]["Fn::If"][0] == "HasCustomerKey", name
    for name, table in _of_type(template, "AWS::DynamoDB::Table").items():
        assert table["SSESpecification"]["KMSMasterKeyId"]["Fn::If"][0] == "HasCustomerKey", name
    bucket = template["Resources"]["DataBucket"]["Properties"]
    [rule] = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    used = rule["ServerSideEncryptionByDefault"]["KMSMasterKeyID"]
    assert used["Fn::If"][0] == "HasCustomerKey"


def test_the_bucket_is_closed_and_wants_tls(template: dict[str, Any]) -> None:
    bucket = template["Resources"]["DataBucket"]["Properties"]
    policy = template["Resources"]["DataBucketPolicy"]["Properties"]["PolicyDocument"]

    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    [tls] = [s for s in policy["Statement"] if s.get("Sid") == "TlsOnly"]
    assert (tls["Effect"], tls["Principal"], tls["Action"]) == ("Deny", "*", "s3:*")
    assert tls["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_every_alarm_is_told_and_its_metric_exists(template: dict[str, Any]) -> None:
    alarms = _of_type(template, "AWS::CloudWatch::Alarm")

    watched = {(alarm["Namespace"], alarm["MetricName"]) for alarm in alarms.values()}
    assert {
        ("AWS/SQS", "ApproximateNumberOfMessagesVisible"),
        ("AWS/SQS", "ApproximateAgeOfOldestMessage"),
        ("AWS/Lambda", "Errors"),
        ("AWS/ApiGateway", "5XXError"),
        ("SmartScale", "Errors"),
        ("SmartScale", "PredictionLatency"),
    } <= watched
    for name, alarm in alarms.items():
        assert alarm["AlarmActions"] == [{"Ref": "AlarmsTopic"}], name
        assert alarm["TreatMissingData"] == "notBreaching", name
    assert alarms["SlowAnswersAlarm"]["ExtendedStatistic"] == "p95"
    for function in _SETTINGS:
        dimensions = alarms[f"{function}ErrorsAlarm"]["Dimensions"]
        assert {"Name": "FunctionName", "Value": {"Ref": f"{function}Function"}} in dimensions


def test_what_is_compared_is_text(template: dict[str, Any]) -> None:
    """LocalStack makes a number of a parameter of type Number, which then equals no text."""
    compared = {
        name
        for section in ("Rules", "Conditions")
        for comparison in _found(template[section], "Fn::Equals", "Fn::Contains")
        for name in _parameters_in(template, comparison)
    }

    assert {"MonthlyBudget", "ApiProvisionedConcurrency", "Stage"} <= compared
    for name in compared:
        assert template["Parameters"][name]["Type"] == "String", name
        default = template["Parameters"][name]["Default"]
        assert isinstance(default, str), name
        if (
            default.isdigit()
        ):  # a number as text is written in one way alone, so that it equals itself
            allowed = template["Parameters"][name]
            assert allowed.get("AllowedPattern") == "0|[1-9][0-9]*" or "AllowedValues" in allowed


@pytest.mark.parametrize("function", _SETTINGS)
def test_a_setting_that_changes_is_published(function: str) -> None:
    """SAM does not see that a parameter's value changed, and CloudFormation replaces a version when
    its description did: it names every parameter that is in what a version keeps, and no other, as
    Lambda refuses a version of a function that did not change."""
    template = _transformed(ModelImportImage="registry/image:1")
    kept = dict(template["Resources"][f"{function}Function"]["Properties"])
    for besides in ("Role", "ReservedConcurrentExecutions", "Tags"):
        kept.pop(besides, None)
    [version] = [
        properties
        for properties in _of_type(template, "AWS::Lambda::Version").values()
        if properties["FunctionName"] == {"Ref": f"{function}Function"}
    ]

    told = _parameters_in(template, version["Description"])

    assert told == _parameters_in(template, kept) - _secret(template)
    assert told


def test_a_version_is_described_within_what_lambda_takes(template: dict[str, Any]) -> None:
    for function in _SETTINGS:
        told = template["Resources"][f"{function}Function"]["Properties"]["VersionDescription"]
        assert _longest(template, told) <= _DESCRIPTION_LIMIT, function


def test_a_secret_is_looked_up_where_others_could_read_it(template: dict[str, Any]) -> None:
    """A version keeps its environment for ever, so a secret is in one on emulators alone."""
    conditions = template["Conditions"]
    for function in _SETTINGS:
        own = template["Resources"][f"{function}Function"]["Properties"].get("Environment", {})
        for name, value in own.get("Variables", {}).items():
            if not _parameters_in(template, _values_of(value)) & _secret(template):
                continue
            condition, _, otherwise = value["Fn::If"]
            assert {"Condition": "OnEmulator"} in conditions[condition]["Fn::And"], name
            assert otherwise == {"Ref": "AWS::NoValue"}, name


def test_an_emulators_functions_have_no_versions() -> None:
    text = (ROOT / "template.yaml").read_text(encoding="utf-8")

    plain = without_versions(text)

    assert without_versions(plain) == plain
    before, after = parse(text), parse(plain)
    assert "AutoPublishAlias" not in str(after)
    for part in ("Parameters", "Rules", "Conditions", "Mappings", "Outputs"):
        assert after[part] == before[part]
    for name, resource in before["Resources"].items():
        for removed in (
            "AutoPublishAliasAllProperties",
            "ProvisionedConcurrencyConfig",
            "VersionDescription",
        ):
            resource["Properties"].pop(removed, None)
        assert after["Resources"][name] == resource


def _secret(template: dict[str, Any]) -> set[str]:
    return {name for name, found in template["Parameters"].items() if found.get("NoEcho")}


def _values_of(value: Any) -> Any:
    """A value without the conditions that it depends on."""
    return value["Fn::If"][1:] if isinstance(value, dict) and "Fn::If" in value else value


def _found(value: Any, *functions: str) -> Iterator[Any]:
    """The arguments of each of these functions, wherever in a value they are called."""
    if isinstance(value, dict):
        for name, argument in value.items():
            if name in functions:
                yield argument
            yield from _found(argument, *functions)
    elif isinstance(value, list):
        for one in value:
            yield from _found(one, *functions)


def _parameters_in(template: dict[str, Any], value: Any) -> set[str]:
    """The parameters that a value depends on, by way of conditions too."""
    named: set[str] = set()
    match value:
        case {"Ref": str(name)}:
            named = {name}
        case {"Condition": str(name)}:
            named = _parameters_in(template, template["Conditions"][name])
        case {"Fn::Sub": str(text)}:
            named = set(re.findall(r"\$\{(\w+)\}", text))
        case {"Fn::Sub": [str(text), dict(given)]}:
            named = _parameters_in(template, [{"Fn::Sub": text}, *given.values()])
        case {"Fn::If": [str(condition), *branches]}:
            named = _parameters_in(template, {"Condition": condition})
            named |= _parameters_in(template, branches)
        case dict():
            named = _parameters_in(template, list(value.values()))
        case list():
            named = {name for one in value for name in _parameters_in(template, one)}
    return named & set(template["Parameters"])


def _longest(template: dict[str, Any], value: Any) -> int:
    """How many characters a text can have at most."""
    match value:
        case {"Ref": str(name)}:
            return _longest_parameter(template["Parameters"][name])
        case {"Fn::Sub": str(text)}:
            return _longest(template, {"Fn::Sub": [text, {}]})
        case {"Fn::Sub": [str(text), dict(given)]}:
            plain, names = re.subn(r"\$\{\w+\}", "", text), re.findall(r"\$\{(\w+)\}", text)
            values = (given.get(name, {"Ref": name}) for name in names)
            return len(plain[0]) + sum(_longest(template, value) for value in values)
        case {"Fn::If": [_, *branches]}:
            return max(_longest(template, branch) for branch in branches)
        case {"Fn::Select": [6, {"Fn::Split": [":", whole]}]}:
            return _longest(template, whole) - len(
                "arn:aws:secretsmanager:us-east-1:000000000000:secret:"
            )
        case str():
            return len(value)
    raise AssertionError(value)


def _longest_parameter(parameter: dict[str, Any]) -> int:
    if "AllowedValues" in parameter:
        return max(len(str(value)) for value in parameter["AllowedValues"])
    if "MaxValue" in parameter:
        return len(str(parameter["MaxValue"]))
    if "MaxLength" in parameter:
        return int(parameter["MaxLength"])
    return {"[A-Z]{3}": 3, "[a-z][a-z0-9]{1,15}": 16}[parameter["AllowedPattern"]]


_DESCRIPTION_LIMIT = 256


def test_new_code_in_a_layer_is_published(template: dict[str, Any]) -> None:
    """SAM sees that a layer changed where a function names it plainly, and where it says so."""
    shared = template["Globals"]["Function"]
    assert shared["AutoPublishAlias"] == "live"
    for name, layer in _of_type(template, "AWS::Serverless::LayerVersion").items():
        assert layer["PublishLambdaVersion"], name
    for function in _of_type(template, "AWS::Serverless::Function").values():
        assert function["AutoPublishAliasAllProperties"]
        assert all(set(layer) == {"Ref"} for layer in function.get("Layers", []))


def test_requests_move_over_gradually_and_back_on_an_alarm() -> None:
    gradual = _transformed(DeploymentPreference="Canary10Percent5Minutes")["Resources"]
    at_once = _transformed()["Resources"]

    assert not [name for name, found in at_once.items() if "CodeDeploy" in found["Type"]]
    groups = {name: g for name, g in gradual.items() if g["Type"].endswith("DeploymentGroup")}
    assert len(groups) == len(_SETTINGS)
    for group in groups.values():
        properties = group["Properties"]
        assert "Canary10Percent5Minutes" in str(properties["DeploymentConfigName"])
        alarms = {
            alarm["Name"]["Fn::If"][1]["Ref"]
            for alarm in properties["AlarmConfiguration"]["Alarms"]
        }
        assert {"InferenceErrorsAlarm", "ServerErrorsAlarm"} <= alarms
        assert "DEPLOYMENT_STOP_ON_ALARM" in properties["AutoRollbackConfiguration"]["Events"]


def test_tensorflow_is_in_the_image_alone(template: dict[str, Any]) -> None:
    functions = _of_type(template, "AWS::Serverless::Function")
    packed = {name for name, found in functions.items() if found.get("PackageType") == "Image"}

    assert packed == {"ModelImportFunction"}
    for file in (ROOT / "layers" / "runtime").glob("*.txt"):
        assert "tensorflow" not in file.read_text(encoding="utf-8")


def test_what_checkov_finds_and_is_meant_is_explained(template: dict[str, Any]) -> None:
    for name, resource in template["Resources"].items():
        for skip in resource.get("Metadata", {}).get("checkov", {}).get("skip", []):
            assert re.fullmatch(r"CKV_AWS_\d+", skip["id"]), name
            assert len(skip["comment"].split()) > 5, name


def test_the_table_has_the_indexes_that_are_read(template: dict[str, Any]) -> None:
    table = template["Resources"]["WeighingRows"]["Properties"]
    declared = {
        index["IndexName"]: (
            {key["AttributeName"]: key["KeyType"] for key in index["KeySchema"]},
            index["Projection"]["ProjectionType"],
            index["Projection"].get("NonKeyAttributes"),
        )
        for index in table["GlobalSecondaryIndexes"]
    }

    read = WeighingRow("id")._get_schema()["global_secondary_indexes"]
    assert declared == {
        index["index_name"]: (
            {key["AttributeName"]: key["KeyType"] for key in index["key_schema"]},
            index["projection"]["ProjectionType"],
            index["projection"].get("NonKeyAttributes"),
        )
        for index in read
    }
    assert table["TimeToLiveSpecification"] == {"AttributeName": "kept_until", "Enabled": True}


def test_the_default_admin_token_is_for_emulators(template: dict[str, Any]) -> None:
    rule = template["Rules"]["AdminTokenIsChosen"]

    assert rule["RuleCondition"] == {
        "Fn::Not": [{"Fn::Contains": [["embedded", "localstack"], {"Ref": "Stage"}]}]
    }
    token = template["Parameters"]["AdminToken"]
    chosen, *_ = rule["Assertions"][0]["Assert"]["Fn::Or"]
    assert chosen == {"Fn::Not": [{"Fn::Equals": [{"Ref": "AdminToken"}, token["Default"]]}]}
    assert token["NoEcho"]


@pytest.mark.integration
def test_the_linter_is_content() -> None:
    """SAM's own `validate --lint`, which calls this one, runs before it builds in tests/sam."""
    done = _tool("cfn-lint", "template.yaml")

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("requirements", "arguments"),
    [
        ("requirements.txt", ["--only-group", "lambda"]),
        (
            "requirements-recognition.txt",
            ["--only-group", "lambda-recognition", "--no-emit-package", "typing-extensions"],
        ),
        ("../../functions/model_import/tensorflow.txt", ["--only-group", "tensorflow"]),
    ],
)
def test_the_layers_requirements_are_those_of_the_lock_file(
    requirements: str, arguments: list[str]
) -> None:
    exported = _tool(
        *("uv", "export", "--frozen", "--quiet", "--offline", "--no-annotate", "--no-header"),
        *arguments,
    )

    assert exported.returncode == 0, exported.stderr
    committed = (ROOT / "layers" / "runtime" / requirements).read_text(encoding="utf-8")
    assert committed == exported.stdout, "run `make layers`"


def _tool(*command: str) -> subprocess.CompletedProcess[str]:
    tool = BIN / command[0]
    if not tool.exists():
        pytest.skip(f"{command[0]} is not installed: `uv sync --all-groups`")
    return subprocess.run(
        [str(tool), *command[1:]],
        cwd=ROOT,
        env=tool_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
