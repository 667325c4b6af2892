import type { Region } from '../core/region.ts';
import type { Instance, StateName } from '../core/resources.ts';
import { STATE_CODES } from '../core/resources.ts';
import { tagSet } from '../core/tags.ts';
import type { Body } from '../core/xml.ts';

/** A state with its number. */
export function stateBody(state: StateName): Body {
  return { code: STATE_CODES[state], name: state };
}

/** An instance as DescribeInstances and RunInstances show it. */
export function instanceBody(region: Region, instance: Instance, state: StateName): Body {
  const { image, type, spot } = instance;
  const gone = state === 'terminated';
  const dns = (ip: string): string => `ip-${ip.replaceAll('.', '-')}.${region.name}.compute.internal`;
  const publicIp = state === 'running' ? instance.publicIp : undefined;
  return {
    instanceId: instance.id,
    imageId: image.id,
    instanceState: stateBody(state),
    privateDnsName: gone ? '' : dns(instance.privateIp),
    dnsName: publicIp === undefined ? '' : `ec2-${publicIp.replaceAll('.', '-')}.compute-1.amazonaws.com`,
    reason: instance.reason,
    keyName: instance.keyName,
    amiLaunchIndex: instance.launchIndex,
    productCodes: [],
    instanceType: type.name,
    launchTime: new Date(instance.launchedAt),
    placement: { availabilityZone: instance.zone, groupName: '', tenancy: 'default' },
    monitoring: { state: instance.monitoring ? 'enabled' : 'disabled' },
    subnetId: gone ? undefined : instance.subnetId,
    vpcId: gone ? undefined : region.vpcId,
    privateIpAddress: gone ? undefined : instance.privateIp,
    ipAddress: publicIp,
    sourceDestCheck: gone ? undefined : true,
    groupSet: gone ? [] : groupSet(region, instance),
    stateReason: instance.stateReason,
    architecture: image.arch,
    rootDeviceType: 'ebs',
    rootDeviceName: image.rootDevice,
    blockDeviceMapping: [...instance.volumes].map(({ id, attachment }) => ({
      deviceName: attachment?.device,
      ebs: {
        volumeId: id,
        status: attachment?.status,
        attachTime: new Date(attachment?.at ?? 0),
        deleteOnTermination: attachment?.deleteOnTermination,
      },
    })),
    virtualizationType: 'hvm',
    clientToken: instance.token,
    tagSet: tagSet(instance.tags),
    hypervisor: 'xen',
    instanceLifecycle: spot === undefined ? undefined : 'spot',
    spotInstanceRequestId: spot?.id,
    networkInterfaceSet: gone ? [] : [interfaceBody(region, instance, publicIp)],
    iamInstanceProfile:
      instance.profileArn === undefined ? undefined : { arn: instance.profileArn, id: region.world.iam.profileId(instance.profileArn) },
    ebsOptimized: instance.ebsOptimized,
    enaSupport: true,
    cpuOptions: { coreCount: Math.max(1, type.vcpus / 2), threadsPerCore: type.arch === 'arm64' ? 1 : 2 },
    capacityReservationSpecification: { capacityReservationPreference: 'open' },
    hibernationOptions: { configured: false },
    metadataOptions: {
      state: 'applied',
      httpTokens: instance.metadata.tokens,
      httpPutResponseHopLimit: instance.metadata.hops,
      httpEndpoint: instance.metadata.endpoint,
      httpProtocolIpv6: 'disabled',
      instanceMetadataTags: instance.metadata.tagsShown,
    },
    enclaveOptions: { enabled: false },
    platformDetails: 'Linux/UNIX',
    usageOperation: 'RunInstances',
    maintenanceOptions: { autoRecovery: 'default' },
  };
}

function groupSet(region: Region, { groupIds }: Instance): Body {
  return groupIds.map((groupId) => ({ groupId, groupName: region.groups.get(groupId)?.name }));
}

/** Its only network interface. */
export function interfaceBody(region: Region, instance: Instance, publicIp: string | undefined): Body {
  const { privateIp } = instance;
  const association =
    publicIp === undefined ? undefined : { publicIp, publicDnsName: '', ipOwnerId: 'amazon' };
  return {
    networkInterfaceId: instance.interfaceId,
    subnetId: instance.subnetId,
    vpcId: region.vpcId,
    description: '',
    ownerId: region.world.account,
    status: 'in-use',
    macAddress: '0a:ff:c0:00:02:01',
    privateIpAddress: privateIp,
    sourceDestCheck: true,
    groupSet: groupSet(region, instance),
    attachment: {
      attachmentId: instance.interfaceId.replace('eni-', 'eni-attach-'),
      deviceIndex: 0,
      status: 'attached',
      attachTime: new Date(instance.createdAt),
      deleteOnTermination: true,
      networkCardIndex: 0,
    },
    association,
    privateIpAddressesSet: [{ privateIpAddress: privateIp, primary: true, association }],
    interfaceType: 'interface',
  };
}
