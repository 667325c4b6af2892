"""Drives the AWS emulator with boto3, which parses by Amazon's own service models.

Each answer is held against the model too: an element, or a member of JSON, that the
model does not name is an error, since boto3 would pass over it in silence.
"""

import json
import sys
import xml.etree.ElementTree as ET

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ENDPOINT = sys.argv[1]
PUBLIC_KEY = sys.argv[2]
unknown = []
checked = set()


def wire_name(name, shape):
    return shape.serialization.get("name", name)


def check_xml(node, shape, path, item):
    if shape.type_name == "structure":
        known = {wire_name(name, member): member for name, member in shape.members.items()}
        for child in node:
            tag = child.tag.split("}")[-1]
            if tag in known:
                check_xml(child, known[tag], f"{path}.{tag}", item)
            else:
                unknown.append(f"{path}.{tag}")
    elif shape.type_name == "list":
        for child in node:
            tag = child.tag.split("}")[-1]
            if tag != item:
                unknown.append(f"{path}: <{tag}> in a list")
            check_xml(child, shape.member, f"{path}[]", item)
    elif len(node):
        unknown.append(f"{path}: elements in a {shape.type_name}")


def check_json(value, shape, path):
    if shape.type_name == "structure":
        for name, member in value.items():
            if name in shape.members:
                check_json(member, shape.members[name], f"{path}.{name}")
            else:
                unknown.append(f"{path}.{name}")
    elif shape.type_name == "list":
        for member in value:
            check_json(member, shape.member, f"{path}[]")


def watch(client):
    def received(response_dict, context, **_):
        if response_dict["status_code"] != 200:
            return
        operation = model_of[(client, context["operation"])]
        body = response_dict["body"]
        checked.add(operation.name)
        if operation.output_shape is None:
            return
        if operation.service_model.protocol == "json":
            check_json(json.loads(body), operation.output_shape, operation.name)
            return
        root = ET.fromstring(body)
        ec2 = operation.service_model.protocol == "ec2"
        for child in list(root):
            if child.tag.split("}")[-1] in ("requestId", "ResponseMetadata"):
                root.remove(child)
        check_xml(root if ec2 else root[0], operation.output_shape, operation.name, "item" if ec2 else "member")

    def before(model, context, **_):
        context["operation"] = model.name
        model_of[(client, model.name)] = model

    client.meta.events.register("before-call.*.*", before)
    client.meta.events.register("response-received.*.*", received)
    return client


model_of = {}


def client(name, region="us-east-1"):
    return watch(boto3.client(name, region_name=region, endpoint_url=ENDPOINT, config=Config(retries={"max_attempts": 1})))


def refused(code, call, **parameters):
    try:
        call(**parameters)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error
    else:
        raise AssertionError(f"{code} was expected")


def tags(kind):
    return {"ResourceType": kind, "Tags": [{"Key": "runctl:owner", "Value": "me"}]}


ec2, ssm, iam = client("ec2"), client("ssm"), client("iam")
assert client("sts").get_caller_identity()["Account"] == "123456789012"

# What there is.
assert "eu-central-1" in [region["RegionName"] for region in ec2.describe_regions()["Regions"]]
assert len(ec2.describe_availability_zones()["AvailabilityZones"]) == 4
assert ec2.describe_vpcs()["Vpcs"][0]["IsDefault"]
types = [t for p in ec2.get_paginator("describe_instance_types").paginate(PaginationConfig={"PageSize": 5}) for t in p["InstanceTypes"]]
assert len(types) == 14 and any(t.get("GpuInfo", {}).get("Gpus", [{}])[0].get("Name") == "H100" for t in types)
offers = ec2.describe_instance_type_offerings(LocationType="availability-zone", Filters=[{"Name": "instance-type", "Values": ["p4d.24xlarge"]}])
assert [o["Location"] for o in offers["InstanceTypeOfferings"]] == ["us-east-1b", "us-east-1d"]
history = ec2.get_paginator("describe_spot_price_history").paginate(InstanceTypes=["g5.xlarge"], ProductDescriptions=["Linux/UNIX"])
assert len([price for page in history for price in page["SpotPriceHistory"]]) == 3
name = "/aws/service/deeplearning/ami/x86_64/base-oss-nvidia-driver-gpu-ubuntu-22.04/latest/ami-id"
image_id = ssm.get_parameters(Names=[name, "/no"])["Parameters"][0]["Value"]
image = ec2.describe_images(ImageIds=[image_id])["Images"][0]
assert image["RootDeviceName"] == "/dev/sda1" and image["Architecture"] == "x86_64"
quotas = client("service-quotas").get_paginator("list_service_quotas").paginate(ServiceCode="ec2")
assert len([quota for page in quotas for quota in page["Quotas"]]) == 7
products = client("pricing").get_paginator("get_products").paginate(
    ServiceCode="AmazonEC2",
    Filters=[{"Type": "TERM_MATCH", "Field": f, "Value": v} for f, v in (("instanceType", "g5.xlarge"), ("regionCode", "us-east-1"), ("capacitystatus", "Used"), ("operatingSystem", "Linux"), ("tenancy", "Shared"), ("preInstalledSw", "NA"))],
)
[product] = [json.loads(text) for page in products for text in page["PriceList"]]
[term] = product["terms"]["OnDemand"].values()
[dimension] = term["priceDimensions"].values()
assert dimension["pricePerUnit"]["USD"] == "1.0060000000" and dimension["unit"] == "Hrs"

# What a launch needs.
ec2.import_key_pair(KeyName="k", PublicKeyMaterial=PUBLIC_KEY.encode(), TagSpecifications=[tags("key-pair")])
assert ec2.describe_key_pairs(KeyNames=["k"])["KeyPairs"][0]["KeyType"] == "ed25519"
group = ec2.create_security_group(GroupName="ours", Description="ours", TagSpecifications=[tags("security-group")])["GroupId"]
ssh = [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "203.0.113.7/32", "Description": "me"}]}]
rules = ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=ssh)["SecurityGroupRules"]
assert rules[0]["CidrIpv4"] == "203.0.113.7/32"
refused("InvalidPermission.Duplicate", ec2.authorize_security_group_ingress, GroupId=group, IpPermissions=ssh)
assert ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["IpPermissions"][0]["FromPort"] == 22
trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
refused("NoSuchEntity", iam.get_role, RoleName="r")
iam.create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps(trust))
assert iam.get_role(RoleName="r")["Role"]["AssumeRolePolicyDocument"] == trust
iam.attach_role_policy(RoleName="r", PolicyArn="arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore")
assert len(iam.list_attached_role_policies(RoleName="r")["AttachedPolicies"]) == 1
iam.create_instance_profile(InstanceProfileName="p")
iam.add_role_to_instance_profile(InstanceProfileName="p", RoleName="r")
assert iam.get_instance_profile(InstanceProfileName="p")["InstanceProfile"]["Roles"][0]["RoleName"] == "r"

# A spot machine with everything.
wish = dict(
    ImageId=image_id,
    InstanceType="g5.xlarge",
    MinCount=1,
    MaxCount=1,
    ClientToken="one",
    KeyName="k",
    UserData="#!/bin/sh\necho ready > /root/ready\n",
    IamInstanceProfile={"Name": "p"},
    InstanceMarketOptions={"MarketType": "spot", "SpotOptions": {"SpotInstanceType": "one-time"}},
    MetadataOptions={"HttpTokens": "required", "InstanceMetadataTags": "enabled"},
    BlockDeviceMappings=[{"DeviceName": image["RootDeviceName"], "Ebs": {"VolumeSize": 80, "VolumeType": "gp3", "Encrypted": True, "DeleteOnTermination": True}}],
    NetworkInterfaces=[{"DeviceIndex": 0, "AssociatePublicIpAddress": True, "Groups": [group]}],
    TagSpecifications=[tags(kind) for kind in ("instance", "volume", "network-interface", "spot-instances-request")],
)
refused("DryRunOperation", ec2.run_instances, DryRun=True, **wish)
spot = ec2.run_instances(**wish)["Instances"][0]["InstanceId"]
assert ec2.run_instances(**wish)["Instances"][0]["InstanceId"] == spot
ec2.get_waiter("instance_running").wait(InstanceIds=[spot], WaiterConfig={"Delay": 1})
ours = [{"Name": "tag:runctl:owner", "Values": ["me"]}]
[instance] = [i for page in ec2.get_paginator("describe_instances").paginate(Filters=ours, PaginationConfig={"PageSize": 5}) for r in page["Reservations"] for i in r["Instances"]]
assert instance["InstanceLifecycle"] == "spot" and instance["PublicIpAddress"].startswith("127.")
[request] = ec2.describe_spot_instance_requests(Filters=ours)["SpotInstanceRequests"]
assert request["InstanceId"] == spot and request["State"] == "active"
refused("UnsupportedOperation", ec2.stop_instances, InstanceIds=[spot])
assert len(ec2.describe_tags(Filters=[{"Name": "key", "Values": ["runctl:owner"]}])["Tags"]) == 6
ec2.get_waiter("instance_status_ok").wait(InstanceIds=[spot], WaiterConfig={"Delay": 1})
keys = ec2.get_console_output(InstanceId=spot)["Output"]
assert "-----BEGIN SSH HOST KEY KEYS-----" in keys and "ssh-ed25519 " in keys

# Commands through SSM.
assert ssm.describe_instance_information(Filters=[{"Key": "InstanceIds", "Values": [spot]}])["InstanceInformationList"][0]["PingStatus"] == "Online"


def command(text):
    sent = ssm.send_command(InstanceIds=[spot], DocumentName="AWS-RunShellScript", Parameters={"commands": [text]})
    return sent["Command"]["CommandId"]


def result(command_id):
    while True:
        try:
            found = ssm.get_command_invocation(CommandId=command_id, InstanceId=spot)
            if found["Status"] not in ("Pending", "InProgress"):
                return found
        except ssm.exceptions.InvocationDoesNotExist:
            pass


done = result(command("id -u; cat /root/ready; echo oops >&2; [ -n \"$BASH_VERSION\" ] && echo bash; exit 3"))
assert (done["Status"], done["ResponseCode"]) == ("Failed", 3), done
assert done["StandardOutputContent"] == "0\nready\n" and done["StandardErrorContent"] == "oops\n", done
long = result(command("head -c 30000 /dev/zero | tr '\\0' x"))
assert len(long["StandardOutputContent"]) == 24000
endless = command("sleep 1000")
ssm.cancel_command(CommandId=endless)
assert result(endless)["Status"] == "Cancelled"
assert len(ssm.list_command_invocations(InstanceId=spot, Details=True)["CommandInvocations"]) == 3
refused("InvalidInstanceId", ssm.send_command, InstanceIds=["i-0123456789abcdef0"], DocumentName="AWS-RunShellScript", Parameters={"commands": ["id"]})

# The end of it.
ec2.terminate_instances(InstanceIds=[spot])
ec2.get_waiter("instance_terminated").wait(InstanceIds=[spot], WaiterConfig={"Delay": 1})
assert ec2.describe_spot_instance_requests(SpotInstanceRequestIds=[request["SpotInstanceRequestId"]])["SpotInstanceRequests"][0]["State"] == "closed"
assert ec2.cancel_spot_instance_requests(SpotInstanceRequestIds=[request["SpotInstanceRequestId"]])["CancelledSpotInstanceRequests"][0]["State"] == "closed"

# A machine on demand that stops and starts, with a data volume.
west = client("ec2", "us-west-2")
own = west.describe_images(Owners=["self"])["Images"][0]
plain = west.run_instances(ImageId=own["ImageId"], InstanceType="m5.large", MinCount=1, MaxCount=1, Placement={"AvailabilityZone": "us-west-2a"}, InstanceInitiatedShutdownBehavior="stop")["Instances"][0]["InstanceId"]
west.get_waiter("instance_running").wait(InstanceIds=[plain], WaiterConfig={"Delay": 1})
assert west.describe_instance_attribute(InstanceId=plain, Attribute="instanceInitiatedShutdownBehavior")["InstanceInitiatedShutdownBehavior"]["Value"] == "stop"
west.modify_instance_attribute(InstanceId=plain, InstanceInitiatedShutdownBehavior={"Value": "terminate"})
west.modify_instance_metadata_options(InstanceId=plain, HttpTokens="required")
volume = west.create_volume(AvailabilityZone="us-west-2a", Size=10, VolumeType="gp3", Encrypted=True, TagSpecifications=[tags("volume")])["VolumeId"]
west.get_waiter("volume_available").wait(VolumeIds=[volume], WaiterConfig={"Delay": 1})
west.attach_volume(VolumeId=volume, InstanceId=plain, Device="/dev/sdf")
west.get_waiter("volume_in_use").wait(VolumeIds=[volume], WaiterConfig={"Delay": 1})
assert west.modify_volume(VolumeId=volume, Size=20)["VolumeModification"]["TargetSize"] == 20
assert len(west.describe_volumes_modifications(VolumeIds=[volume])["VolumesModifications"]) == 1
snapshot = west.create_snapshot(VolumeId=volume, TagSpecifications=[tags("snapshot")])["SnapshotId"]
west.get_waiter("snapshot_completed").wait(SnapshotIds=[snapshot], WaiterConfig={"Delay": 1})
west.delete_snapshot(SnapshotId=snapshot)
west.reboot_instances(InstanceIds=[plain])
west.stop_instances(InstanceIds=[plain])
west.get_waiter("instance_stopped").wait(InstanceIds=[plain], WaiterConfig={"Delay": 1})
west.start_instances(InstanceIds=[plain])
west.get_waiter("instance_running").wait(InstanceIds=[plain], WaiterConfig={"Delay": 1})
west.detach_volume(VolumeId=volume)
west.get_waiter("volume_available").wait(VolumeIds=[volume], WaiterConfig={"Delay": 1})
west.delete_volume(VolumeId=volume)
west.get_waiter("volume_deleted").wait(VolumeIds=[volume], WaiterConfig={"Delay": 1})
west.create_tags(Resources=[plain], Tags=[{"Key": "a", "Value": "b"}])
west.delete_tags(Resources=[plain], Tags=[{"Key": "a"}])
west.describe_addresses()
west.describe_subnets(Filters=[{"Name": "default-for-az", "Values": ["true"]}])
west.terminate_instances(InstanceIds=[plain])
west.get_waiter("instance_terminated").wait(InstanceIds=[plain], WaiterConfig={"Delay": 1})
ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=ssh)
ec2.delete_security_group(GroupId=group)
ec2.delete_key_pair(KeyName="k")

assert checked == {name for _, name in model_of}, "answers that were not checked"
assert not unknown, "not in Amazon's model: " + ", ".join(sorted(set(unknown)))
print(f"{len(model_of)} operations")
