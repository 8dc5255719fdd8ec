//! All Services and slices that a feed has told of, and how documents change them.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use super::object::{Metadata, SERVICE_NAME, Service, Slice};
use crate::spec::ObjectName;

#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    #[error("it is no object of Kubernetes: {0}")]
    Json(#[from] serde_json::Error),
    #[error("{kind} {name} is not as it should be: {source}")]
    Bad { kind: String, name: String, source: serde_json::Error },
    #[error("it has no kind: give it what `kubectl get services,endpointslices -o json` prints")]
    NoKind,
    #[error("the server of Kubernetes says: {0}")]
    Status(String),
    #[error("there is no document in it")]
    Nothing,
}

/// Objects of a cluster, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cluster {
    pub(super) services: BTreeMap<ObjectName, Arc<Service>>,
    pub(super) slices: BTreeMap<ObjectName, Arc<Slice>>,
}

/// Kind of a document that was taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Document {
    /// One object, or one that is gone.
    Object,
    /// All objects.
    List,
}

/// One object, as far as it means something here.
enum Object {
    Service(ObjectName, Service),
    Slice(ObjectName, Slice),
    Other,
}

/// A document of the output of kubectl.
#[derive(Deserialize)]
struct Written {
    #[serde(default)]
    kind: Option<String>,
    #[serde(default)]
    items: Option<Vec<Value>>,
    /// Of an event of `--output-watch-events`.
    #[serde(default, rename = "type")]
    event: Option<String>,
    #[serde(default)]
    object: Option<Value>,
    #[serde(default)]
    message: Option<String>,
}

impl Cluster {
    /// All documents of a file, one behind the other.
    ///
    /// # Errors
    /// A document is wrong, or there is none.
    pub fn of_file(text: &[u8]) -> Result<Self, ObjectError> {
        let mut cluster = Self::default();
        let mut is_empty = true;
        for document in serde_json::Deserializer::from_slice(text).into_iter::<Value>() {
            cluster.apply(document?)?;
            is_empty = false;
        }
        if is_empty { Err(ObjectError::Nothing) } else { Ok(cluster) }
    }

    /// Objects of several files; of two of the same name the later one counts.
    #[must_use]
    pub fn join<'a>(clusters: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut all = Self::default();
        for cluster in clusters {
            all.services.extend(cluster.services.iter().map(|(name, one)| (name.clone(), Arc::clone(one))));
            all.slices.extend(cluster.slices.iter().map(|(name, one)| (name.clone(), Arc::clone(one))));
        }
        all
    }

    /// Takes a document in.
    ///
    /// # Errors
    /// The document is wrong, and changes nothing.
    pub fn take(&mut self, text: &[u8]) -> Result<Document, ObjectError> {
        self.apply(serde_json::from_slice(text)?)
    }

    fn apply(&mut self, value: Value) -> Result<Document, ObjectError> {
        let document = Written::deserialize(&value)?;
        let kind = document.kind.as_deref().unwrap_or_default();
        match (document.event.as_deref(), document.object) {
            (Some("DELETED"), Some(object)) => self.remove(&object)?,
            (Some("BOOKMARK"), Some(_)) => {}
            (Some("ERROR"), object) => {
                let message = object.as_ref().and_then(|status| status.get("message")?.as_str());
                return Err(ObjectError::Status(message.unwrap_or("it ends the stream").to_owned()));
            }
            (Some(_), Some(object)) if kind.is_empty() => self.put(read(object)?),
            _ if kind == "Status" => {
                return Err(ObjectError::Status(document.message.unwrap_or_else(|| "no".to_owned())));
            }
            _ if kind.is_empty() => return Err(ObjectError::NoKind),
            _ => match document.items {
                Some(items) if kind.ends_with("List") => {
                    self.replace(kind, items)?;
                    return Ok(Document::List);
                }
                _ => self.put(read(value)?),
            },
        }
        Ok(Document::Object)
    }

    /// A list is all that there is of the kinds that are in it.
    fn replace(&mut self, kind: &str, items: Vec<Value>) -> Result<(), ObjectError> {
        let of_kind = kind.strip_suffix("List").filter(|kind| !kind.is_empty()).map(str::to_owned);
        let typed = items.into_iter().map(|mut item| {
            // Items of a typed list may leave out what they are.
            if let (Some(kind), Some(item)) = (&of_kind, item.as_object_mut()) {
                item.entry("kind").or_insert_with(|| kind.clone().into());
            }
            read(item)
        });
        let objects = typed.collect::<Result<Vec<_>, _>>()?;
        let is_all = objects.is_empty() && of_kind.is_none();
        let is_of = |name: &str| of_kind.as_deref() == Some(name);
        let has_services = objects.iter().any(|object| matches!(object, Object::Service(..)));
        let has_slices = objects.iter().any(|object| matches!(object, Object::Slice(..)));
        if is_all || is_of("Service") || has_services {
            self.services.clear();
        }
        if is_all || is_of("EndpointSlice") || has_slices {
            self.slices.clear();
        }
        objects.into_iter().for_each(|object| self.put(object));
        Ok(())
    }

    fn put(&mut self, object: Object) {
        match object {
            Object::Service(name, service) => drop(self.services.insert(name, Arc::new(service))),
            Object::Slice(name, slice) => drop(self.slices.insert(name, Arc::new(slice))),
            Object::Other => {}
        }
    }

    fn remove(&mut self, object: &Value) -> Result<(), ObjectError> {
        let name = name_of(&Metadata::deserialize(&object["metadata"])?);
        match object["kind"].as_str() {
            Some("Service") => drop(self.services.remove(&name)),
            Some("EndpointSlice") => drop(self.slices.remove(&name)),
            _ => {}
        }
        Ok(())
    }

    /// The slices of a Service.
    pub(super) fn slices_of<'a>(&'a self, service: &'a ObjectName) -> impl Iterator<Item = &'a Slice> {
        let is_its = |name: &ObjectName, slice: &Slice| {
            name.namespace == service.namespace
                && slice.metadata.labels.get(SERVICE_NAME) == Some(&service.name)
        };
        self.slices.iter().filter(move |(name, slice)| is_its(name, slice)).map(|(_, slice)| &**slice)
    }
}

fn name_of(metadata: &Metadata) -> ObjectName {
    let namespace = if metadata.namespace.is_empty() { "default" } else { &metadata.namespace };
    ObjectName::new(namespace, &metadata.name)
}

fn read(value: Value) -> Result<Object, ObjectError> {
    let kind = value["kind"].as_str().unwrap_or_default().to_owned();
    let name = value["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    let bad = |source| ObjectError::Bad { kind: kind.clone(), name, source };
    match kind.as_str() {
        "Service" => {
            let service = Service::deserialize(value).map_err(bad)?;
            Ok(Object::Service(name_of(&service.metadata), service))
        }
        "EndpointSlice" => {
            let slice = Slice::deserialize(value).map_err(bad)?;
            Ok(Object::Slice(name_of(&slice.metadata), slice))
        }
        "" => Err(ObjectError::NoKind),
        _ => Ok(Object::Other),
    }
}
